"""AWS::CloudWatch::CompositeAlarm."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from local_aws.cloudformation.resources.base import (
    Clients,
    Made,
    Properties,
    ResourceType,
    as_bool,
    change_tags,
    tags_of,
)

# as they are, in PutCompositeAlarm
SETTINGS = ("AlarmDescription", "AlarmRule", "AlarmActions", "InsufficientDataActions", "OKActions")


class CompositeAlarm(ResourceType):
    """An alarm over other alarms."""

    type = "AWS::CloudWatch::CompositeAlarm"
    properties = frozenset({*SETTINGS, "AlarmName", "ActionsEnabled", "Tags"})
    required = frozenset({"AlarmRule"})
    replacing = frozenset({"AlarmName"})
    named_by = "AlarmName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        cloudwatch, alarm = clients("cloudwatch"), wanted.get("AlarmName", name)
        if self.named_by in wanted and _found(cloudwatch, alarm):
            raise self.already_there(alarm)
        tags = _tags(tags_of(wanted))
        cloudwatch.put_composite_alarm(AlarmName=alarm, **_request(wanted), **({"Tags": tags} if tags else {}))
        return _made(cloudwatch, alarm)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        cloudwatch = clients("cloudwatch")
        cloudwatch.put_composite_alarm(AlarmName=physical_id, **_request(wanted))
        made = _made(cloudwatch, physical_id)
        change_tags(
            before,
            wanted,
            lambda tags: cloudwatch.tag_resource(ResourceARN=made.attributes["Arn"], Tags=_tags(tags)),
            lambda keys: cloudwatch.untag_resource(ResourceARN=made.attributes["Arn"], TagKeys=keys),
        )
        return made

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        cloudwatch = clients("cloudwatch")
        with suppress(cloudwatch.exceptions.ResourceNotFound, cloudwatch.exceptions.ResourceNotFoundException):
            cloudwatch.delete_alarms(AlarmNames=[physical_id])


def _request(wanted: Properties) -> dict[str, Any]:
    found: dict[str, Any] = {name: wanted[name] for name in SETTINGS if name in wanted}
    if "ActionsEnabled" in wanted:
        found["ActionsEnabled"] = as_bool(wanted["ActionsEnabled"])
    return found


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _found(cloudwatch: Any, name: str) -> list[dict[str, Any]]:
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    return [*found["CompositeAlarms"], *found["MetricAlarms"]]


def _made(cloudwatch: Any, name: str) -> Made:
    return Made(name, {"Arn": _found(cloudwatch, name)[0]["AlarmArn"]})
