"""What is known of the values that a metric had in a stretch of time, and the statistics of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

PERCENTILE = re.compile(r"p(?P<percent>\d{1,2}(\.\d{1,10})?|100(\.0{1,10})?)")
SIMPLE_STATISTICS = frozenset({"Sum", "Average", "Minimum", "Maximum", "SampleCount"})
# beyond this many distinct values they are kept to KEPT_DIGITS significant digits, an error of half a percent at most
DISTINCT_VALUES = 1000
KEPT_DIGITS = 3


class UnknownStatistic(ValueError):
    """The text names no statistic that is computed here."""


@dataclass(frozen=True)
class Distribution:
    """Values and how often each was seen.

    `seen` holds pairs of value and count in order of the values, or None where only a statistic set of them was given.
    """

    count: float
    total: float
    minimum: float
    maximum: float
    seen: Sequence[tuple[float, float]] | None

    @classmethod
    def of(cls, values: Iterable[float], counts: Iterable[float]) -> Distribution:
        """`counts[i]` times the value `values[i]`. Raises ValueError where nothing is left to count."""
        pairs = sorted((value, count) for value, count in zip(values, counts, strict=True) if count > 0)
        if not pairs:
            raise ValueError("no value was seen even once")
        total = math.fsum(value * count for value, count in pairs)
        return cls(math.fsum(count for _, count in pairs), total, pairs[0][0], pairs[-1][0], pairs).compacted()

    @classmethod
    def of_statistics(cls, count: float, total: float, minimum: float, maximum: float) -> Distribution:
        """A statistic set. What all its values were is known only where they were equal."""
        return cls(count, total, minimum, maximum, [(minimum, count)] if minimum == maximum else None)

    @classmethod
    def together(cls, parts: Sequence[Distribution]) -> Distribution:
        """All of them as one; at least one."""
        if len(parts) == 1:
            return parts[0]
        known = [part.seen for part in parts if part.seen is not None]
        return cls(
            math.fsum(part.count for part in parts),
            math.fsum(part.total for part in parts),
            min(part.minimum for part in parts),
            max(part.maximum for part in parts),
            sorted(chain.from_iterable(known)) if len(known) == len(parts) else None,
        )

    def compacted(self) -> Distribution:
        """The same with each value once, and with rounded values if they are too many to keep."""
        if self.seen is None:
            return self
        values = _counted(self.seen)
        if len(values) > DISTINCT_VALUES:
            values = _counted((float(f"{value:.{KEPT_DIGITS}g}"), count) for value, count in self.seen)
        return replace(self, seen=list(values.items()))

    def statistic(self, stat: str) -> float | None:
        """Sum, Average, Minimum, Maximum, SampleCount, or a percentile as "p99" or "p99.9".

        None for a percentile of values that are not known singly, or of which any is negative, as on the service.
        A percentile is the smallest value that at least so many percent of the values do not exceed.
        Raises UnknownStatistic.
        """
        if stat == "Sum":
            return self.total
        if stat == "Average":
            return self.total / self.count
        if stat == "Minimum":
            return self.minimum
        if stat == "Maximum":
            return self.maximum
        if stat == "SampleCount":
            return self.count
        return self._percentile(percent_of(stat))

    def _percentile(self, percent: float) -> float | None:
        if self.seen is None or self.minimum < 0:
            return None
        # the product is rounded so that 99.9 % of 1,000 is 999 and not a little more
        wanted = round(self.count * percent / 100, 9)
        so_far = 0.0
        for value, count in self.seen:
            so_far += count
            if so_far >= wanted:
                return value
        return self.maximum


def percent_of(stat: str) -> float:
    """99.9 of "p99.9". Raises UnknownStatistic for what is no percentile."""
    found = PERCENTILE.fullmatch(stat)
    if found is None:
        raise UnknownStatistic(
            f"The statistic {stat!r} is not supported: use one of {', '.join(sorted(SIMPLE_STATISTICS))}, "
            "or a percentile such as p99 or p99.9."
        )
    return float(found["percent"])


def check_statistic(stat: str) -> None:
    """Raises UnknownStatistic for what `Distribution.statistic` would not compute."""
    if stat not in SIMPLE_STATISTICS:
        percent_of(stat)


def _counted(pairs: Iterable[tuple[float, float]]) -> dict[float, float]:
    found: dict[float, float] = {}
    for value, count in pairs:
        found[value] = found.get(value, 0.0) + count
    return found
