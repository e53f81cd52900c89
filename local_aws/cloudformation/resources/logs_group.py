"""AWS::Logs::LogGroup."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.resources.base import (
    Clients,
    Made,
    Properties,
    ResourceType,
    change_tags,
    tags_of,
    taken_back_by,
)


class LogGroup(ResourceType):
    """A log group; what is in it stays, whatever its retention."""

    type = "AWS::Logs::LogGroup"
    properties = frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId", "Tags"})
    replacing = frozenset({"LogGroupName"})
    inert = frozenset({"RetentionInDays", "KmsKeyId"})
    named_by = "LogGroupName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        logs, group = clients("logs"), wanted.get("LogGroupName", name)
        key = {"kmsKeyId": wanted["KmsKeyId"]} if "KmsKeyId" in wanted else {}
        tags = {"tags": tags_of(wanted)} if wanted.get("Tags") else {}
        logs.create_log_group(logGroupName=group, **key, **tags)
        with taken_back_by(lambda: self.delete(clients, group, wanted)):
            _retain(logs, group, wanted)
            return _made(logs, group)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        logs = clients("logs")
        if before.get("KmsKeyId") != wanted.get("KmsKeyId"):
            raise ResourceFailed("This local AWS cannot change the KmsKeyId of a log group that is there.")
        _retain(logs, physical_id, wanted)
        change_tags(
            before,
            wanted,
            lambda tags: logs.tag_log_group(logGroupName=physical_id, tags=tags),
            lambda keys: logs.untag_log_group(logGroupName=physical_id, tags=keys),
        )
        return _made(logs, physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        logs = clients("logs")
        with suppress(logs.exceptions.ResourceNotFoundException):
            logs.delete_log_group(logGroupName=physical_id)


def _retain(logs: Any, group: str, wanted: Properties) -> None:
    if "RetentionInDays" in wanted:
        logs.put_retention_policy(logGroupName=group, retentionInDays=int(wanted["RetentionInDays"]))
    else:
        logs.delete_retention_policy(logGroupName=group)


def _made(logs: Any, group: str) -> Made:
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return Made(group, {"Arn": next(one["arn"] for one in found if one["logGroupName"] == group)})
