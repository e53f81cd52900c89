"""How many instances target tracking wants.

The rules: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html,
with those of the waits under its heading "Define cooldown periods".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# SageMaker's default, both ways
COOLDOWN_SECONDS = 300


@dataclass(frozen=True)
class Range:
    """The bounds of a scalable target, both included."""

    minimum: int
    maximum: int

    def clamp(self, count: int) -> int:
        """The nearest count within the bounds."""
        return max(self.minimum, min(self.maximum, count))


@dataclass(frozen=True)
class Change:
    """The last change of the count that a policy made: ended when the endpoint had the new count."""

    before: int
    after: int
    ended: datetime
    scale_out_cooldown: int = COOLDOWN_SECONDS
    scale_in_cooldown: int = COOLDOWN_SECONDS

    def is_out(self) -> bool:
        """Whether instances were added."""
        return self.after > self.before

    def holds_back(self, out: bool, now: datetime) -> bool:
        """Whether the wait after a change of the same direction is not over."""
        seconds = self.scale_out_cooldown if out else self.scale_in_cooldown
        return self.is_out() == out and now < self.ended + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Reading:
    """What a policy sees: its target, and the metric's recent periods, oldest first."""

    target: float
    points: Sequence[tuple[datetime, float]]


def proportional(count: int, metric: float, target: float) -> int:
    """The least number of instances at which a metric that falls as instances are added is at the target or below."""
    # rounded so that 3 * 0.1 / 0.1 stays 3
    return math.ceil(round(count * metric / target, 9))


def scale_out(count: int, reading: Reading, allowed: Range, last: Change | None, now: datetime) -> int | None:
    """The count to scale out to by the newest period, None if not now.

    While the wait after a scale-out lasts, what that one has added counts as part of the answer: only a metric that
    wants more than it has given, from where it began, adds more. Afterwards only periods count that began after it.
    """
    if last is not None and last.holds_back(True, now):
        wanted = proportional(last.before, reading.points[-1][1], reading.target) if reading.points else count
    else:
        points = _since(reading.points, last)
        wanted = proportional(count, points[-1][1], reading.target) if points else count
    wanted = allowed.clamp(wanted)
    return wanted if wanted > count else None


def scale_in(count: int, reading: Reading, allowed: Range, last: Change | None, now: datetime) -> int | None:
    """The count to scale in to, None if not now: the fewest at which all recent periods would be at the target."""
    points = _since(reading.points, last)
    if not points or (last is not None and last.holds_back(False, now)):
        return None
    wanted = allowed.clamp(max(1, proportional(count, max(value for _, value in points), reading.target)))
    return wanted if wanted < count else None


def _since(points: Sequence[tuple[datetime, float]], last: Change | None) -> list[tuple[datetime, float]]:
    return [point for point in points if last is None or point[0] >= last.ended]
