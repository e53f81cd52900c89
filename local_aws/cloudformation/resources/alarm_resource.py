"""What alarms over metrics and alarms over alarms have in common: how they are made, changed, tagged and deleted."""

from __future__ import annotations

from abc import abstractmethod
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

COMMON_SETTINGS = ("AlarmDescription", "AlarmActions", "InsufficientDataActions", "OKActions")


class AlarmResource(ResourceType):
    """An alarm of either kind, by its name."""

    replacing = frozenset({"AlarmName"})
    named_by = "AlarmName"

    @abstractmethod
    def put(self, cloudwatch: Any, request: dict[str, Any]) -> None:
        """PutMetricAlarm or PutCompositeAlarm, with what `request` gave, name and tags."""

    @abstractmethod
    def request(self, wanted: Properties) -> dict[str, Any]:
        """What that operation takes, but name and tags."""

    @abstractmethod
    def found(self, cloudwatch: Any, name: str) -> list[dict[str, Any]]:
        """The alarm of that name, as DescribeAlarms has it, where there is one that this kind would replace."""

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        cloudwatch, alarm = clients("cloudwatch"), wanted.get("AlarmName", name)
        if self.named_by in wanted and self.found(cloudwatch, alarm):
            raise self.already_there(alarm)
        tags = _tags(tags_of(wanted))
        self.put(cloudwatch, {"AlarmName": alarm, **self.request(wanted), **({"Tags": tags} if tags else {})})
        return self._made(cloudwatch, alarm)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        cloudwatch = clients("cloudwatch")
        self.put(cloudwatch, {"AlarmName": physical_id, **self.request(wanted)})
        made = self._made(cloudwatch, physical_id)
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

    def _made(self, cloudwatch: Any, name: str) -> Made:
        return Made(name, {"Arn": self.found(cloudwatch, name)[0]["AlarmArn"]})


def as_they_are(wanted: Properties, names: tuple[str, ...]) -> dict[str, Any]:
    """Those of the properties that the operation takes as they are declared, and ActionsEnabled."""
    found: dict[str, Any] = {name: wanted[name] for name in names if name in wanted}
    if "ActionsEnabled" in wanted:
        found["ActionsEnabled"] = as_bool(wanted["ActionsEnabled"])
    return found


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
