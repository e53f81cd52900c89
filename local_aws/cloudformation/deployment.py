"""Makes a stack's resources what its template says, and takes back what it did where one of them fails."""

from __future__ import annotations

import logging
import secrets
import string
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.cloudformation.errors import ResourceFailed, ValidationError
from local_aws.cloudformation.functions import Scope, resolve
from local_aws.cloudformation.parameters import as_values
from local_aws.cloudformation.plan import in_order, unsupported
from local_aws.cloudformation.records import StackBook
from local_aws.cloudformation.resources import RESOURCE_TYPES
from local_aws.cloudformation.resources.base import Clients, Made
from local_aws.cloudformation.template import Resource, Template
from local_aws.sagemaker.context import Context

LOGGER = logging.getLogger(__name__)

Kept = dict[str, dict[str, Any]]


class StackDeployment:
    """One stack on its way to one template. `before` are its resources as they were, by logical id."""

    def __init__(
        self, context: Context, clients: Clients, book: StackBook, template: Template, parameters: Mapping[str, str]
    ) -> None:
        record = book.record
        self._clients = clients
        self._book = book
        self._template = template
        self._before: Kept = dict(record.body["Resources"])
        self._undo: list[tuple[Resource, dict[str, Any] | None]] = []
        self._replaced: list[tuple[str, dict[str, Any]]] = []
        pseudo = {
            "AWS::Region": context.region,
            "AWS::AccountId": context.account_id,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": record.name,
            "AWS::StackId": record.arn,
        }
        values = {**as_values(template.parameters, parameters), **pseudo}
        self._scope = Scope(values, template.mappings, template.conditions)

    def apply(self) -> list[dict[str, Any]]:
        """Make and change every resource; the stack's outputs. Raises ResourceFailed at the first that fails."""
        wanted = {
            name: one
            for name, one in self._template.resources.items()
            if one.condition is None or self._scope.holds(one.condition)
        }
        for resource in in_order(wanted):
            self._make(resource)
        return self._outputs()

    def clean_up(self) -> None:
        """After a success: delete what the template has no more, and what was replaced."""
        gone = [(name, one) for name, one in self._before.items() if name not in self._scope.physical_ids]
        for name, kept in reversed(self._replaced):
            self._delete(name, kept, stays=True)
        for name, kept in reversed(gone):
            self._delete(name, kept)

    def roll_back(self) -> None:
        """After a failure: undo, last first. What cannot be undone is logged and left."""
        for resource, before in reversed(self._undo):
            name, kept = resource.logical_id, self._book.record.body["Resources"][resource.logical_id]
            if before is None:
                self._delete(name, kept)
                continue
            if before["PhysicalId"] != kept["PhysicalId"]:
                self._delete(name, kept, stays=True)
            else:
                self._change_back(resource, kept, before)
            self._keep(resource, "UPDATE_COMPLETE", before)

    def _make(self, resource: Resource) -> None:
        name, before = resource.logical_id, self._before.get(resource.logical_id)
        verb = "UPDATE" if before else "CREATE"
        try:
            refused = unsupported(resource)
            if refused:
                raise ResourceFailed(refused)
            wanted = resolve(dict(resource.properties), self._scope)
            if before and before["Type"] == resource.type and before["Properties"] == wanted:
                self._know(name, Made(before["PhysicalId"], before["Attributes"]))
                return
            self._book.set_resource(name, resource.type, f"{verb}_IN_PROGRESS")
            made = self._change(resource, before, wanted)
        except (ResourceFailed, ValidationError, ClientError, BotoCoreError, KeyError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}" if isinstance(error, (KeyError, TypeError)) else str(error)
            self._book.set_resource(name, resource.type, f"{verb}_FAILED", reason)
            if before:
                self._keep(resource, "UPDATE_FAILED", before, reason)
            raise ResourceFailed(f"The following resource(s) failed to {verb.lower()}: [{name}].") from error
        self._know(name, made)
        kept = {"PhysicalId": made.physical_id, "Attributes": dict(made.attributes), "Properties": wanted}
        self._undo.append((resource, before))
        self._book.set_resource(name, resource.type, f"{verb}_COMPLETE", **kept, Retained=resource.retained)

    def _change(self, resource: Resource, before: dict[str, Any] | None, wanted: dict[str, Any]) -> Made:
        kind = RESOURCE_TYPES[resource.type]
        name = _made_up_name(self._book.record.name, resource.logical_id)
        if before is None or "PhysicalId" not in before:
            return kind.create(self._clients, name, wanted)
        changed = {one for one in {*before["Properties"], *wanted} if before["Properties"].get(one) != wanted.get(one)}
        if before["Type"] == resource.type and not changed & kind.replacing:
            return kind.update(self._clients, before["PhysicalId"], before["Properties"], wanted)
        made = kind.create(self._clients, name, wanted)
        self._replaced.append((resource.logical_id, before))
        return made

    def _know(self, name: str, made: Made) -> None:
        self._scope.physical_ids[name] = made.physical_id
        self._scope.attributes[name] = made.attributes

    def _keep(self, resource: Resource, status: str, before: dict[str, Any], reason: str | None = None) -> None:
        kept = {member: before[member] for member in ("PhysicalId", "Attributes", "Properties") if member in before}
        self._book.set_resource(resource.logical_id, before["Type"], status, reason, **kept)

    def _delete(self, name: str, kept: dict[str, Any], stays: bool = False) -> None:
        """Delete what a resource stands for; `stays`: the logical resource itself goes on, as another one."""
        delete_resource(self._clients, self._book, name, kept, stays)

    def _change_back(self, resource: Resource, now: dict[str, Any], before: dict[str, Any]) -> None:
        kind = RESOURCE_TYPES[resource.type]
        try:
            kind.update(self._clients, now["PhysicalId"], now["Properties"], before["Properties"])
        except (ClientError, BotoCoreError) as error:
            LOGGER.warning("%s could not be rolled back: %s", resource.logical_id, error)

    def _outputs(self) -> list[dict[str, Any]]:
        found = []
        for name, output in self._template.outputs.items():
            if "Condition" in output and not self._scope.holds(output["Condition"]):
                continue
            value = {"OutputKey": name, "OutputValue": str(resolve(output["Value"], self._scope))}
            if "Description" in output:
                value["Description"] = output["Description"]
            if "Export" in output:
                value["ExportName"] = str(resolve(output["Export"]["Name"], self._scope))
            found.append(value)
        return found


def delete_resource(clients: Clients, book: StackBook, name: str, kept: dict[str, Any], stays: bool = False) -> bool:
    """Delete one resource of a stack; whether it is gone. One that is to be retained is left where it is."""
    kind = kept["Type"]
    if "PhysicalId" not in kept:
        book.forget_resource(name)
        return True
    if kept.get("Retained") and not stays:
        book.set_resource(name, kind, "DELETE_SKIPPED")
        book.forget_resource(name)
        return True
    if not stays:
        book.set_resource(name, kind, "DELETE_IN_PROGRESS")
    try:
        RESOURCE_TYPES[kind].delete(clients, kept["PhysicalId"], kept["Properties"])
    except (ClientError, BotoCoreError) as error:
        book.set_resource(name, kind, "DELETE_FAILED", str(error))
        return False
    if not stays:
        book.set_resource(name, kind, "DELETE_COMPLETE")
        book.forget_resource(name)
    return True


def _made_up_name(stack: str, logical_id: str) -> str:
    """`stack-Logical-ABC123…`, which the service cuts so that 64 characters are enough."""
    suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
    return f"{stack[:24]}-{logical_id[:24]}-{suffix}"
