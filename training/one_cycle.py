"""The one-cycle learning rate, a pure function of the step: a resumed training needs no scheduler state."""

import math

WARM_UP = 0.3  # share of the steps in which the rate climbs


def one_cycle(step: int, total_steps: int, peak: float) -> float:
    """The rate for `step` (0..total_steps-1): up a line from 0 to `peak`, then down half a cosine to 0."""
    position = (step + 0.5) / total_steps
    if position < WARM_UP:
        return peak * position / WARM_UP
    return peak * (1 + math.cos(math.pi * (position - WARM_UP) / (1 - WARM_UP))) / 2
