"""What EventBridge keeps: event buses, rules, targets, and events on their way to a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DEFAULT_BUS = "default"
ENABLED, DISABLED = "ENABLED", "DISABLED"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

# a target as PutTargets takes it: Id, Arn and so on
Target = Mapping[str, Any]
# an event as a target gets it: version, id, detail-type, source, account, time, region, resources, detail
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Bus:
    """An event bus."""

    name: str
    arn: str
    created: datetime
    changed: datetime
    description: str | None = None


@dataclass(frozen=True)
class Rule:
    """A rule. `since` is when a rate began to count."""

    bus: str
    name: str
    arn: str
    state: str
    since: datetime
    pattern: str | None = None
    schedule: str | None = None
    description: str | None = None
    role_arn: str | None = None


@dataclass(frozen=True)
class Origin:
    """Where a delivery comes from: the rule, and when EventBridge got the event."""

    bus: str
    rule_name: str
    rule_arn: str
    received: datetime


@dataclass(frozen=True)
class Delivery:
    """An event on its way to one target. `id` is the same over all tries, so that targets can tell them.

    `target` is the target as it was when the event matched. `retries` counts those of EventBridge so far,
    `function_failures` how often a function was invoked and failed.
    """

    id: str
    event: Event
    origin: Origin
    target: Target
    due: datetime
    retries: int = 0
    function_failures: int = 0

    @property
    def target_arn(self) -> str:
        """The ARN of what the event is for."""
        return str(self.target["Arn"])
