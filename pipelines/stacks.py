"""A CloudFormation stack: made, changed, left alone or deleted, and waited for. boto3 only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

POLL_SECONDS = 1.0
WAIT_SECONDS = 900.0
READY = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
SUCCESS = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})

Sleep = Callable[[float], None]
# told the stack's status, again and again while something is under way
Watch = Callable[[str], None]


class StackFailed(RuntimeError):
    """The stack could not be made, updated or deleted; the message has the first thing that failed."""


class StackMissing(LookupError):
    """There is no stack of that name."""


class ParameterUnknown(ValueError):
    """The template has no parameter of that name, or it is not the operator's to set."""


@dataclass(frozen=True)
class StackResource:
    """A resource of a stack. `reason` is CloudFormation's ResourceStatusReason, empty where there is none."""

    logical_id: str
    type: str
    physical_id: str
    status: str
    reason: str


@dataclass(frozen=True)
class Stack:
    """A stack as it is: `status` is CloudFormation's StackStatus; outputs and parameters by their keys."""

    name: str
    status: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


def find_stack(cloudformation: Any, name: str) -> Stack | None:
    """The stack of that name, None where there is none."""
    try:
        stacks = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    found = next((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), None)
    return _stack(name, found) if found else None


def all_stacks(cloudformation: Any) -> list[Stack]:
    """Every stack of account and region, nested ones too."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    found = [stack for page in pages for stack in page["Stacks"]]
    return [_stack(stack["StackName"], stack) for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"]


def ready_stack(cloudformation: Any, name: str, missing: str, unready: str = "look at its events") -> Stack:
    """The stack, if all of it is there. Raises StackMissing, which says what is missing or unready, where it is not."""
    found = find_stack(cloudformation, name)
    if found is None:
        raise StackMissing(missing)
    if found.status not in READY:
        raise StackMissing(f"stack {name} is {found.status}: {unready}")
    return found


def template_parameters(cloudformation: Any, template: str) -> set[str]:
    """The names of the parameters that a template has."""
    return {one["ParameterKey"] for one in cloudformation.validate_template(TemplateBody=template)["Parameters"]}


def check_parameters(values: Iterable[str], settable: Iterable[str], whose: str) -> None:
    """Raises ParameterUnknown, which lists what `whose` template has, for a name that is not among `settable`."""
    known = sorted(settable)
    for name in values:
        if name not in known:
            raise ParameterUnknown(f"{whose} template has no parameter {name}; there are: {', '.join(known)}")


def request_parameters(values: Mapping[str, str], kept: Iterable[str]) -> list[dict[str, Any]]:
    """As CreateStack and UpdateStack take them: `values`, and of the others those in `kept` as they are."""
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    return given + [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(set(kept) - set(values))]


def apply_stack(
    cloudformation: Any,
    name: str,
    request: Mapping[str, Any],
    *,
    sleep: Sleep = time.sleep,
    watch: Watch = lambda status: None,
) -> Stack:
    """Make the stack, or bring it up to date; without a change nothing is done.

    `request` is that of CreateStack and UpdateStack, less the name. Waits for the end, at most WAIT_SECONDS. Raises
    StackFailed.
    """
    before = _settled(cloudformation, name, sleep, watch)
    if before is None:
        cloudformation.create_stack(StackName=name, **request)
    else:
        _require_updatable(before)
        if not _update(cloudformation, name, request):
            return before
    after = _settled(cloudformation, name, sleep, watch)
    if after is None or after.status not in SUCCESS:
        raise StackFailed(f"stack {name} failed: {first_failure(_events(cloudformation, name), name)}")
    return after


def delete_stack(
    cloudformation: Any, name: str, *, sleep: Sleep = time.sleep, watch: Watch = lambda status: None
) -> None:
    """Delete the stack and wait until it is gone, at most WAIT_SECONDS. Raises StackMissing, StackFailed."""
    if _settled(cloudformation, name, sleep, watch) is None:
        raise StackMissing(f"no stack {name}")
    cloudformation.delete_stack(StackName=name)
    after = _settled(cloudformation, name, sleep, watch)
    if after is not None:
        raise StackFailed(f"stack {name} failed: {first_failure(_events(cloudformation, name), name)}")


def resources(cloudformation: Any, name: str) -> list[StackResource]:
    """What the stack holds, in the order in which it was made."""
    found = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return [
        StackResource(
            logical_id=one["LogicalResourceId"],
            type=one["ResourceType"],
            physical_id=one.get("PhysicalResourceId", ""),
            status=one["ResourceStatus"],
            reason=one.get("ResourceStatusReason", ""),
        )
        for one in found
    ]


def first_failure(events: Sequence[Mapping[str, Any]], name: str) -> str:
    """What failed first in the stack's latest operation. `events` as DescribeStackEvents has them, newest first."""
    failed = "no reason given"
    for event in events:
        status = event["ResourceStatus"]
        if status.endswith("_FAILED"):
            reason = " ".join(event.get("ResourceStatusReason", status).split())
            failed = f"{event['LogicalResourceId']}: {reason}"
        if event["LogicalResourceId"] == name and status in STARTS:
            break
    return failed


def _update(cloudformation: Any, name: str, request: Mapping[str, Any]) -> bool:
    """False if there was nothing to update."""
    try:
        cloudformation.update_stack(StackName=name, **request)
    except ClientError as error:
        if "No updates are to be performed" in error.response["Error"].get("Message", ""):
            return False
        raise
    return True


def _require_updatable(stack: Stack) -> None:
    if stack.status not in READY:
        raise StackFailed(
            f"stack {stack.name} is {stack.status} and cannot be updated: delete it with "
            f"`aws cloudformation delete-stack --stack-name {stack.name}`, then try again"
        )


def _settled(cloudformation: Any, name: str, sleep: Sleep, watch: Watch) -> Stack | None:
    """The stack when nothing is under way on it, None if there is none."""
    waited = 0.0
    stack = find_stack(cloudformation, name)
    while stack is not None and stack.status.endswith("_IN_PROGRESS"):
        if waited >= WAIT_SECONDS:
            raise StackFailed(f"stack {name} is {stack.status} since {waited:g} s: look at its events")
        watch(stack.status)
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS
        stack = find_stack(cloudformation, name)
    return stack


def _events(cloudformation: Any, name: str) -> list[dict[str, Any]]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    return [event for page in pages for event in page["StackEvents"]]


def _stack(name: str, found: Mapping[str, Any]) -> Stack:
    return Stack(
        name=name,
        status=found["StackStatus"],
        outputs={one["OutputKey"]: str(one["OutputValue"]) for one in found.get("Outputs", [])},
        parameters={one["ParameterKey"]: str(one["ParameterValue"]) for one in found.get("Parameters", [])},
    )
