"""What is kept of a stack, and how its state is told: events, statuses, resources."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from local_aws.cloudformation.errors import ValidationError
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.store import Record, RecordNotFound

STACK = "Stack"
STACK_TYPE = "AWS::CloudFormation::Stack"
EVENTS_KEPT = 500


def find_stack(context: Context, name_or_id: str) -> Record:
    """Raises ValidationError in the service's words."""
    name = name_or_id.split("/")[1] if name_or_id.startswith("arn:") else name_or_id
    try:
        record = context.store.get(STACK, name)
    except RecordNotFound as error:
        raise ValidationError(f"Stack with id {name_or_id} does not exist") from error
    if name_or_id.startswith("arn:") and record.arn != name_or_id:
        raise ValidationError(f"Stack with id {name_or_id} does not exist")
    return record


def stack_id(context: Context, name: str) -> str:
    """A new stack's ARN."""
    return f"arn:aws:cloudformation:{context.region}:{context.account_id}:stack/{name}/{uuid.uuid4()}"


class StackBook:
    """Writes down what happens to one stack, at once, so that a caller who looks sees it."""

    def __init__(self, context: Context, name: str) -> None:
        self._context = context
        self._name = name

    @property
    def record(self) -> Record:
        """The stack as it is kept now."""
        return self._context.store.get(STACK, self._name)

    def set_status(self, status: str, reason: str | None = None, **changes: Any) -> None:
        """The stack's own status, with an event; other members are replaced."""
        body = {**changes, "StackStatusReason": reason}

        def change(record: Record) -> tuple[str, dict[str, Any]]:
            event = self._event(record, self._name, record.arn, STACK_TYPE, status, reason)
            return status, {**record.body, **body, "Events": [*record.body["Events"], event][-EVENTS_KEPT:]}

        self._context.store.edit(STACK, self._name, change)

    def set_resource(self, logical_id: str, kind: str, status: str, reason: str | None = None, **members: Any) -> None:
        """A resource's status, with an event.

        `members` (PhysicalId, Attributes, Properties, DeletionPolicy) are kept with it.
        """

        def change(record: Record) -> tuple[str | None, dict[str, Any]]:
            resources = dict(record.body["Resources"])
            known = {**resources.get(logical_id, {}), **members, "Type": kind, "Status": status, "Reason": reason}
            resources[logical_id] = {**known, "Timestamp": self._context.now()}
            physical = str(known.get("PhysicalId", ""))
            event = self._event(record, logical_id, physical, kind, status, reason)
            events = [*record.body["Events"], event][-EVENTS_KEPT:]
            return record.status, {**record.body, "Resources": resources, "Events": events}

        self._context.store.edit(STACK, self._name, change)

    def set_policy(self, logical_id: str, deletion_policy: str) -> None:
        """What becomes of a resource with the stack; not worth an event."""

        def change(record: Record) -> tuple[str | None, dict[str, Any]]:
            resources = dict(record.body["Resources"])
            resources[logical_id] = {**resources[logical_id], "DeletionPolicy": deletion_policy}
            return record.status, {**record.body, "Resources": resources}

        if self.record.body["Resources"][logical_id].get("DeletionPolicy") != deletion_policy:
            self._context.store.edit(STACK, self._name, change)

    def order_resources(self, logical_ids: Sequence[str]) -> None:
        """Bring the resources into this order, in reverse of which they are deleted; others come before them."""

        def change(record: Record) -> tuple[str | None, dict[str, Any]]:
            resources = record.body["Resources"]
            names = [*(name for name in resources if name not in logical_ids), *logical_ids]
            return record.status, {**record.body, "Resources": {name: resources[name] for name in names}}

        self._context.store.edit(STACK, self._name, change)

    def note(self, logical_id: str, kind: str, status: str, physical_id: str, reason: str | None = None) -> None:
        """An event of what a resource was, which changes nothing of what it is."""

        def change(record: Record) -> tuple[str | None, dict[str, Any]]:
            event = self._event(record, logical_id, physical_id, kind, status, reason)
            return record.status, {**record.body, "Events": [*record.body["Events"], event][-EVENTS_KEPT:]}

        self._context.store.edit(STACK, self._name, change)

    def forget_resource(self, logical_id: str) -> None:
        """The resource is not the stack's any more."""

        def change(record: Record) -> tuple[str | None, dict[str, Any]]:
            left = {name: one for name, one in record.body["Resources"].items() if name != logical_id}
            return record.status, {**record.body, "Resources": left}

        self._context.store.edit(STACK, self._name, change)

    def _event(
        self, record: Record, logical_id: str, physical_id: str, kind: str, status: str, reason: str | None
    ) -> dict[str, Any]:
        return {
            "StackId": record.arn,
            "EventId": str(uuid.uuid4()),
            "StackName": self._name,
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": kind,
            "Timestamp": self._context.now(),
            "ResourceStatus": status,
            **({"ResourceStatusReason": reason} if reason else {}),
        }
