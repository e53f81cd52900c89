"""When an event that a target did not take is tried again.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html; the service backs off exponentially
and with jitter, but does not say how fast: here from one second to eight minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MOST_ATTEMPTS, GREATEST_AGE = 185, 86_400
FIRST_DELAY, LONGEST_DELAY = 1.0, 480.0
# Lambda's own waits between the tries of an asynchronous invocation
FUNCTION_DELAYS = (60.0, 120.0)


@dataclass(frozen=True)
class RetryPolicy:
    """How often and, in seconds since the event was accepted, how long to try again."""

    attempts: int = MOST_ATTEMPTS
    age: int = GREATEST_AGE

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> RetryPolicy:
        """That of a target as PutTargets takes it."""
        given = target.get("RetryPolicy") or {}
        return cls(
            given.get("MaximumRetryAttempts", MOST_ATTEMPTS), given.get("MaximumEventAgeInSeconds", GREATEST_AGE)
        )


@dataclass(frozen=True)
class Exhausted:
    """No more tries. `condition` is what a dead letter says as EXHAUSTED_RETRY_CONDITION."""

    condition: str


def next_try(
    policy: RetryPolicy, accepted: datetime, now: datetime, retries: int, random: Callable[[], float]
) -> datetime | Exhausted:
    """When to try again after the first try and so many more; `random` gives numbers from [0, 1)."""
    if retries >= policy.attempts:
        return Exhausted("MaximumRetryAttempts")
    backoff = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(retries, 60))
    due = now + timedelta(seconds=backoff * (0.5 + random() / 2))
    if due > accepted + timedelta(seconds=policy.age):
        return Exhausted("MaximumEventAgeInSeconds")
    return due
