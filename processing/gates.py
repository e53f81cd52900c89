"""Quality gates as data: metric values and bars in, checks out. Nothing is read, written or logged here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class GateCheck:
    """One metric against its bar. `gap` is value - bar, negative below it; both are None without a metric."""

    name: str
    value: float | None
    bar: float
    passed: bool
    gap: float | None


def check_gates(metrics: Mapping[str, float | None], bars: Mapping[str, float]) -> tuple[GateCheck, ...]:
    """One check a bar, in the bars' order: passed where the metric is a finite number and at least the bar.

    A metric that is missing, None, NaN or infinite fails its gate: what cannot be shown has not been
    reached.
    """
    return tuple(_check(name, metrics.get(name), bar) for name, bar in bars.items())


def _check(name: str, value: float | None, bar: float) -> GateCheck:
    if value is None or not math.isfinite(value):
        return GateCheck(name, None, bar, False, None)
    return GateCheck(name, value, bar, value >= bar, value - bar)
