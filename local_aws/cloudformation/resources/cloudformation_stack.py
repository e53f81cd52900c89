"""AWS::CloudFormation::Stack: a stack that belongs to another one, and comes, changes and goes with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.functions import as_text
from local_aws.cloudformation.resources.base import Clients, Made, Owner, Properties, ResourceType, tags_of

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class NestedStack(ResourceType):
    """A nested stack. It inherits its parent's capabilities and tags; its outputs are its attributes."""

    type = "AWS::CloudFormation::Stack"
    properties = frozenset({"TemplateURL", "Parameters", "Tags", "TimeoutInMinutes"})
    required = frozenset({"TemplateURL"})

    owner: Owner = field(default_factory=Owner)

    def within(self, owner: Owner) -> ResourceType:
        return NestedStack(owner)

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        cloudformation = clients("cloudformation")
        stack = cloudformation.create_stack(StackName=name, **self._request(wanted))["StackId"]
        try:
            found = _settled(cloudformation, stack, wanted)
            if found["StackStatus"] != "CREATE_COMPLETE":
                raise _failed(cloudformation, stack, "created")
        except ResourceFailed:
            with suppress(ResourceFailed, ClientError):
                self.delete(clients, stack, wanted)
            raise
        return _made(found)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        cloudformation = clients("cloudformation")
        try:
            cloudformation.update_stack(StackName=physical_id, **self._request(wanted))
        except ClientError as error:
            if "No updates are to be performed" not in error.response["Error"]["Message"]:
                raise
            return _made(_describe(cloudformation, physical_id))
        found = _settled(cloudformation, physical_id, wanted)
        if found["StackStatus"] != "UPDATE_COMPLETE":
            raise _failed(cloudformation, physical_id, "updated")
        return _made(found)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        cloudformation = clients("cloudformation")
        cloudformation.delete_stack(StackName=physical_id)
        try:
            _settled(cloudformation, physical_id, {})
        except ClientError as error:
            if "does not exist" not in error.response["Error"]["Message"]:
                raise
            return
        raise _failed(cloudformation, physical_id, "deleted")

    def _request(self, wanted: Properties) -> dict[str, Any]:
        url = str(wanted["TemplateURL"])
        if "://" not in url:
            raise ResourceFailed(
                f"TemplateURL must be a supported URL, {url} is a path of its author's machine: package the template "
                "first (`aws cloudformation package`), which uploads it and puts its address into this one."
            )
        tags = {**self.owner.tags, **tags_of(wanted)}
        return {
            "TemplateURL": url,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": _value(value)}
                for name, value in wanted.get("Parameters", {}).items()
            ],
            "Capabilities": list(self.owner.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }


def _value(value: Any) -> str:
    return ",".join(as_text(one) for one in value) if isinstance(value, list) else as_text(value)


def _describe(cloudformation: Any, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return found


def _settled(cloudformation: Any, stack: str, wanted: Properties) -> dict[str, Any]:
    """The stack when nothing is under way on it any more. Raises ClientError where it is gone by then."""
    minutes = wanted.get("TimeoutInMinutes")
    deadline = time.monotonic() + 60 * int(minutes) if minutes else float("inf")
    while (found := _describe(cloudformation, stack))["StackStatus"].endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise ResourceFailed(f"Embedded stack {stack} was not done within {minutes} minutes.")
        time.sleep(POLL_SECONDS)
    return found


def _failed(cloudformation: Any, stack: str, done: str) -> ResourceFailed:
    """In the service's words, and with the reason of what failed first inside, which a deleted stack cannot tell."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return ResourceFailed(f"Embedded stack {stack} was not successfully {done}: {_first_failure(events, stack)}")


def _first_failure(events: Sequence[dict[str, Any]], stack: str) -> str:
    """Of the latest operation; `events` are newest first."""
    told = "no reason given."
    for event in events:
        status = event["ResourceStatus"]
        if event["PhysicalResourceId"] == stack and status in (
            *("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"),
        ):
            break
        if status.endswith("_FAILED"):
            told = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', status)}"
    return told


def _made(found: dict[str, Any]) -> Made:
    outputs = {f"Outputs.{one['OutputKey']}": one["OutputValue"] for one in found.get("Outputs", [])}
    return Made(found["StackId"], outputs)
