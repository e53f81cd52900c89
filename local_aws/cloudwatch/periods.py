"""Periods: which are allowed, where they begin, and what happened in each."""

from __future__ import annotations

from collections.abc import Iterable

from local_aws.cloudwatch.distribution import Distribution
from local_aws.cloudwatch.series import MINUTE, Bucket

HIGH_RESOLUTION_PERIODS = (1, 5, 10, 20, 30)


class UnknownPeriod(ValueError):
    """A period that CloudWatch does not have."""


def check_period(period: int) -> None:
    """Raises UnknownPeriod unless it is 1, 5, 10, 20, 30 or a multiple of 60 seconds."""
    if period not in HIGH_RESOLUTION_PERIODS and (period < MINUTE or period % MINUTE):
        raise UnknownPeriod(f"a period of {period} seconds: use 1, 5, 10, 20, 30, or a multiple of 60")


def aligned_start(start: float, period: int) -> int:
    """Where the first period of a query begins: rounded down to the minute, or to a shorter period's own beat."""
    beat = min(period, MINUTE)
    return int(start // beat) * beat


def in_periods(buckets: Iterable[Bucket], origin: int, period: int) -> dict[int, Distribution]:
    """Beginning of a period -> what was in it, for those that have data, oldest first."""
    parts: dict[int, list[Distribution]] = {}
    for bucket in buckets:
        parts.setdefault(origin + (bucket.start - origin) // period * period, []).append(bucket.distribution)
    return {moment: Distribution.together(of_period) for moment, of_period in parts.items()}
