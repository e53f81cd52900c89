"""Things timed in turns, so that whatever else the machine does meets them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figure import Spread

ROUNDS = 40
EACH_ROUND = 10
WARM_UP = 50


@dataclass(frozen=True)
class Turns:
    """Milliseconds of each action, round by round."""

    rounds: Mapping[str, Sequence[Sequence[float]]]

    def median(self, action: str) -> float:
        """Over all rounds together, in milliseconds."""
        return statistics.median(value for values in self.rounds[action] for value in values)

    def medians(self) -> dict[str, float]:
        return {action: self.median(action) for action in self.rounds}

    def ratio(self, action: str, over: Sequence[str]) -> tuple[float, Spread]:
        """The action's median over the sum of the others' medians; its spread is that of the rounds' own ratios."""
        value = self.median(action) / sum(self.median(other) for other in over)
        each = [
            statistics.median(self.rounds[action][number])
            / sum(statistics.median(self.rounds[other][number]) for other in over)
            for number in range(len(self.rounds[action]))
        ]
        return value, Spread.of(each)


def in_turns(
    actions: Mapping[str, Callable[[], object]],
    rounds: int = ROUNDS,
    each_round: int = EACH_ROUND,
    warm_up: int = WARM_UP,
) -> Turns:
    """Time every action `rounds` times `each_round` calls, in turns, after `warm_up` calls that are not counted."""
    for action in actions.values():
        for _ in range(warm_up):
            action()
    times: dict[str, list[list[float]]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append([milliseconds(action) for _ in range(each_round)])
    return Turns(times)


def milliseconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000
