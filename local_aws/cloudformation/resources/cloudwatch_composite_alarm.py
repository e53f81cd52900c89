"""AWS::CloudWatch::CompositeAlarm."""

from __future__ import annotations

from typing import Any

from local_aws.cloudformation.resources.alarm_resource import COMMON_SETTINGS, AlarmResource, as_they_are
from local_aws.cloudformation.resources.base import Properties

# as they are, in PutCompositeAlarm
SETTINGS = (*COMMON_SETTINGS, "AlarmRule")


class CompositeAlarm(AlarmResource):
    """An alarm over other alarms."""

    type = "AWS::CloudWatch::CompositeAlarm"
    properties = frozenset({*SETTINGS, "AlarmName", "ActionsEnabled", "Tags"})
    required = frozenset({"AlarmRule"})

    def put(self, cloudwatch: Any, request: dict[str, Any]) -> None:
        cloudwatch.put_composite_alarm(**request)

    def request(self, wanted: Properties) -> dict[str, Any]:
        return as_they_are(wanted, SETTINGS)

    def found(self, cloudwatch: Any, name: str) -> list[dict[str, Any]]:
        # a metric alarm of the same name is in the way too
        found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm", "MetricAlarm"])
        return [*found["CompositeAlarms"], *found["MetricAlarms"]]
