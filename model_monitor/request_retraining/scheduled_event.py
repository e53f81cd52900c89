"""EventBridge's `Scheduled Event`, as a trigger: a rule with a schedule asks, whether there is drift or not.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .alarm_event import EventNotUnderstood
from .decision import Trigger
from .history_document import moment

# nobody but EventBridge may send events of a source that begins so
SOURCE = "aws.events"
DETAIL_TYPE = "Scheduled Event"
NAME, REASON = "schedule", "scheduled"


def is_scheduled(event: Mapping[str, Any]) -> bool:
    """Whether a rule's schedule sent it."""
    return (event.get("source"), event.get("detail-type")) == (SOURCE, DETAIL_TYPE)


def read_scheduled(event: Mapping[str, Any], endpoint: str) -> Trigger:
    """Who asks: the rule. Raises EventNotUnderstood."""
    try:
        return Trigger(
            id=str(event["id"]),
            name=NAME,
            arn=str(event["resources"][0]),
            endpoint=endpoint,
            reason=REASON,
            occurred_at=moment(event["time"]),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        told = f"the event is none of a rule's schedule: {type(error).__name__}: {error}"
        raise EventNotUnderstood(told) from error
