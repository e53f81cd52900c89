"""AWS::Logs::LogGroup."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.resources.base import Clients, Made, Properties, tags_of


@dataclass(frozen=True)
class LogGroup:
    """A log group with its retention."""

    type: str = "AWS::Logs::LogGroup"
    properties: frozenset[str] = frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId", "Tags"})
    replacing: frozenset[str] = frozenset({"LogGroupName"})
    named_by: str | None = "LogGroupName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        logs, group = clients("logs"), wanted.get("LogGroupName", name)
        key = {"kmsKeyId": wanted["KmsKeyId"]} if "KmsKeyId" in wanted else {}
        tags = {"tags": tags_of(wanted)} if wanted.get("Tags") else {}
        logs.create_log_group(logGroupName=group, **key, **tags)
        _retain(logs, group, wanted)
        return _made(logs, group)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        logs = clients("logs")
        _retain(logs, physical_id, wanted)
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
