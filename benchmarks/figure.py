"""What a benchmark promises, and what it found: one shape for all of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["ratio", "share", "seconds", "milliseconds", "megabytes"]
Comparison = Literal["at most", "at least"]

_Z_95 = 1.959964  # of the normal distribution, for 95 % on both sides together


@dataclass(frozen=True)
class Spread:
    """How far the repeats of one run lie apart, in the figure's unit.

    `kind` is "range" where `least` and `most` are those of `repeats` measurements, and "interval" where a share of
    `repeats` trials was counted: then they are the bounds of its 95 % confidence interval (Wilson's).
    """

    repeats: int
    least: float
    median: float
    most: float
    kind: Literal["range", "interval"] = "range"

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """That of measurements. Raises ValueError without any."""
        if not values:
            raise ValueError("there is no spread of no measurements")
        return cls(len(values), min(values), statistics.median(values), max(values))

    @classmethod
    def of_share(cls, hits: int, trials: int) -> Spread:
        """That of a share which was counted. Raises ValueError without trials."""
        if trials < 1:
            raise ValueError("there is no share of no trials")
        share, weight = hits / trials, _Z_95**2 / trials
        middle = (share + weight / 2) / (1 + weight)
        half = math.sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
        least, most = max(0.0, middle - half), min(1.0, middle + half)
        return cls(trials, min(least, share), share, max(most, share), "interval")


@dataclass(frozen=True)
class Figure:
    """A figure of one run. Without `bar` it stands beside others, and is neither met nor missed.

    `value` is None where it cannot be measured here; `reason` says why.
    """

    name: str
    value: float | None
    unit: Unit
    comparison: Comparison
    bar: float | None
    spread: Spread | None = None
    reason: str | None = None

    @property
    def passed(self) -> bool | None:
        """Whether the bar is met; None without one, and where nothing was measured. What is no number misses any."""
        if self.bar is None or self.value is None:
            return None
        return self.value <= self.bar if self.comparison == "at most" else self.value >= self.bar


def all_met(figures: Iterable[Figure]) -> bool:
    """Whether no bar is missed."""
    return all(figure.passed is not False for figure in figures)


@dataclass(frozen=True)
class Promise:
    """A figure that is to be measured: its name, once in the whole project, and its bar if an issue set one.

    `comparison` also says which way is better where there is no bar. `beside` names the peer that it compares with.
    """

    name: str
    unit: Unit
    comparison: Comparison
    bar: float | None = None
    beside: str | None = None

    def found(self, value: float, spread: Spread | None = None) -> Figure:
        """The figure as it was measured."""
        return Figure(self.name, value, self.unit, self.comparison, self.bar, spread)

    def not_here(self, reason: str) -> Figure:
        """The figure as one that this machine cannot give, in a line that says why."""
        return Figure(self.name, None, self.unit, self.comparison, self.bar, reason=reason)
