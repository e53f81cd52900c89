"""CloudWatch's events on alarms that change their state."""

from __future__ import annotations

from moto.cloudwatch.models import Alarm

from local_aws.cloudwatch.alarm_documents import arn_of, event_detail
from local_aws.cloudwatch.alarm_records import AlarmState
from local_aws.events.event_bridge import EventBridge

SOURCE = "aws.cloudwatch"
DETAIL_TYPE = "CloudWatch Alarm State Change"


class AlarmEvents:
    """A listener of `Alarms`."""

    def __init__(self, events: EventBridge) -> None:
        self._events = events

    def __call__(self, alarm: Alarm, old: AlarmState, new: AlarmState) -> None:
        """The alarm has another state."""
        self._events.publish(SOURCE, DETAIL_TYPE, event_detail(alarm, old, new), [arn_of(alarm)], new.since)
