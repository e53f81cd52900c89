"""EventBridge's `CloudWatch Alarm State Change`, as a trigger.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .decision import Trigger
from .history_document import moment

LONGEST_REASON = 1000


class EventNotUnderstood(ValueError):
    """An event that is none of an alarm which went off; the message says what is wrong."""


def read_trigger(event: Mapping[str, Any], endpoint: str) -> Trigger:
    """Who asks. Raises EventNotUnderstood."""
    try:
        detail, state = event["detail"], event["detail"]["state"]
        if state["value"] != "ALARM":
            raise EventNotUnderstood(f"alarm {detail['alarmName']} is {state['value']}, which asks for nothing")
        return Trigger(
            id=str(event["id"]),
            name=str(detail["alarmName"]),
            arn=str(event["resources"][0]),
            endpoint=endpoint,
            reason=_reason(state),
            occurred_at=moment(state.get("timestamp") or event["time"]),
        )
    except EventNotUnderstood:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        told = f"the event is no alarm's change of state: {type(error).__name__}: {error}"
        raise EventNotUnderstood(told) from error


def _reason(state: Mapping[str, Any]) -> str:
    """Why the alarm went off; of one over other alarms, which of them did."""
    told = str(state.get("reason") or "no reason given")
    children = json.loads(state.get("reasonData") or "{}").get("triggeringAlarms", [])
    names = sorted(str(one["arn"]).partition(":alarm:")[2] for one in children)
    return (f"in alarm: {', '.join(names)}" if names else told)[:LONGEST_REASON]
