"""Makes a stack's resources what its template says, and takes back what it did where one of them fails."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.cloudformation.errors import ResourceFailed, ValidationError
from local_aws.cloudformation.functions import Scope, as_text, resolve
from local_aws.cloudformation.plan import in_order
from local_aws.cloudformation.records import StackBook
from local_aws.cloudformation.removal import Kept, Removal
from local_aws.cloudformation.resources import RESOURCE_TYPES
from local_aws.cloudformation.resources.base import Clients, Made, Owner
from local_aws.cloudformation.support import remark
from local_aws.cloudformation.template import Resource, Template

# what calls of the API raise, and what properties of another form than the API's raise on their way there
FAILURES = (ResourceFailed, ValidationError, ClientError, BotoCoreError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class Change:
    """What was done to a resource: what it was, None for a new one, and what its properties are now."""

    resource: Resource
    before: Kept | None
    properties: Mapping[str, Any]


class StackDeployment:
    """One stack on its way to one template. `scope` knows its parameters, and learns its resources."""

    def __init__(self, clients: Clients, book: StackBook, template: Template, scope: Scope, owner: Owner) -> None:
        self._clients = clients
        self._book = book
        self._template = template
        self._scope = scope
        self._owner = owner
        self._removal = Removal(clients, book)
        self._before: dict[str, Kept] = dict(book.record.body["Resources"])
        self._changes: list[Change] = []
        self._replaced: list[tuple[Resource, Kept]] = []

    def apply(self) -> list[dict[str, Any]]:
        """Make and change every resource; the stack's outputs. Raises ResourceFailed at the first that fails."""
        wanted = {
            name: one
            for name, one in self._template.resources.items()
            if one.condition is None or self._scope.holds(one.condition)
        }
        ordered = in_order(wanted)
        for resource in ordered:
            self._make(resource)
        self._book.order_resources([resource.logical_id for resource in ordered])
        try:
            return self._outputs()
        except FAILURES as error:
            raise ResourceFailed(f"The outputs could not be made: {error}") from error

    def clean_up(self) -> None:
        """After a success: delete what was replaced, and what the template has no more."""
        for resource, kept in reversed(self._replaced):
            self._removal.replaced(resource, kept)
        gone = [(name, one) for name, one in self._before.items() if name not in self._scope.physical_ids]
        for name, kept in reversed(gone):
            self._removal.removed(name, kept)

    def roll_back(self) -> list[str]:
        """After a failure: undo, last first. The logical ids of what could not be undone."""
        return [change.resource.logical_id for change in reversed(self._changes) if not self._undo(change)]

    def _make(self, resource: Resource) -> None:
        name, before = resource.logical_id, self._before.get(resource.logical_id)
        verb = "UPDATE" if before else "CREATE"
        wanted: dict[str, Any] = {}
        try:
            wanted = resolve(dict(resource.properties), self._scope)
            if before and before["Type"] == resource.type and before["Properties"] == wanted:
                self._book.set_policy(name, resource.deletion_policy)
                self._know(name, Made(before["PhysicalId"], before["Attributes"]))
                return
            self._book.set_resource(name, resource.type, f"{verb}_IN_PROGRESS")
            made = self._change(resource, before, wanted)
        except FAILURES as error:
            reason = f"{type(error).__name__}: {error}" if isinstance(error, (KeyError, TypeError)) else str(error)
            if before:
                self._keep(name, before, "UPDATE_FAILED", reason)
                if wanted and not self._is_replaced(resource, before, wanted):
                    # some of it may be changed already
                    self._changes.append(Change(resource, before, wanted))
            else:
                self._book.set_resource(name, resource.type, "CREATE_FAILED", reason)
            raise ResourceFailed(f"The following resource(s) failed to {verb.lower()}: [{name}].") from error
        self._know(name, made)
        self._changes.append(Change(resource, before, wanted))
        self._book.set_resource(
            name,
            resource.type,
            f"{verb}_COMPLETE",
            remark(resource.type, wanted),
            PhysicalId=made.physical_id,
            Attributes=dict(made.attributes),
            Properties=wanted,
            DeletionPolicy=resource.deletion_policy,
        )

    def _change(self, resource: Resource, before: Kept | None, wanted: dict[str, Any]) -> Made:
        kind = RESOURCE_TYPES[resource.type].within(self._owner)
        made_up = _made_up_name(self._book.record.name, resource.logical_id)
        if before is None or "PhysicalId" not in before:
            return kind.create(self._clients, made_up, wanted)
        if not self._is_replaced(resource, before, wanted):
            return kind.update(self._clients, before["PhysicalId"], before["Properties"], wanted)
        if kind.named_by in wanted and wanted[kind.named_by] == before["Properties"].get(kind.named_by):
            raise ResourceFailed(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                f"{wanted[kind.named_by]} and update the stack again."
            )
        made = kind.create(self._clients, made_up, wanted)
        self._replaced.append((resource, before))
        return made

    def _is_replaced(self, resource: Resource, before: Kept, wanted: dict[str, Any]) -> bool:
        old = before["Properties"]
        changed = {name for name in {*old, *wanted} if old.get(name) != wanted.get(name)}
        return before["Type"] != resource.type or bool(changed & RESOURCE_TYPES[resource.type].replacing)

    def _know(self, name: str, made: Made) -> None:
        self._scope.physical_ids[name] = made.physical_id
        self._scope.attributes[name] = made.attributes

    def _keep(self, name: str, kept: Kept, status: str, reason: str | None = None) -> None:
        """Write down that a resource is what it was."""
        told = reason if reason else remark(kept["Type"], kept["Properties"])
        members = ("PhysicalId", "Attributes", "Properties", "DeletionPolicy")
        self._book.set_resource(
            name, kept["Type"], status, told, **{member: kept[member] for member in members if member in kept}
        )

    def _undo(self, change: Change) -> bool:
        name, before = change.resource.logical_id, change.before
        now = self._book.record.body["Resources"][name]
        if before is None:
            return self._removal.rolled_back(name, now)
        if before["PhysicalId"] == now["PhysicalId"]:
            return self._change_back(name, before, change.properties)
        undone = self._removal.discarded(name, now)
        self._keep(name, before, "UPDATE_COMPLETE")
        return undone

    def _change_back(self, name: str, before: Kept, properties: Mapping[str, Any]) -> bool:
        kind = RESOURCE_TYPES[before["Type"]].within(self._owner)
        self._book.set_resource(name, before["Type"], "UPDATE_IN_PROGRESS")
        try:
            kind.update(self._clients, before["PhysicalId"], properties, before["Properties"])
        except FAILURES as error:
            self._book.set_resource(name, before["Type"], "UPDATE_FAILED", str(error))
            return False
        self._keep(name, before, "UPDATE_COMPLETE")
        return True

    def _outputs(self) -> list[dict[str, Any]]:
        found = []
        for name, output in self._template.outputs.items():
            if "Condition" in output and not self._scope.holds(output["Condition"]):
                continue
            value = {"OutputKey": name, "OutputValue": as_text(resolve(output["Value"], self._scope))}
            if "Description" in output:
                value["Description"] = output["Description"]
            found.append(value)
        return found


def _made_up_name(stack: str, logical_id: str) -> str:
    """`stack-Logical-ABC123…`, which the service cuts so that 64 characters are enough."""
    suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
    return f"{stack[:24]}-{logical_id[:24]}-{suffix}"
