"""Takes resources away, or leaves them where their policies say so."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.records import StackBook
from local_aws.cloudformation.resources import RESOURCE_TYPES
from local_aws.cloudformation.resources.base import Clients
from local_aws.cloudformation.template import DELETE, RETAIN, Resource

# a resource as a stack's record has it: Type, PhysicalId, Attributes, Properties, DeletionPolicy
Kept = dict[str, Any]


class Removal:
    """The deletions of one stack. Methods answer whether the resource is the stack's no more."""

    def __init__(self, clients: Clients, book: StackBook) -> None:
        self._clients = clients
        self._book = book

    def removed(self, name: str, kept: Kept, retain: bool = False) -> bool:
        """The stack goes, or its template does not have the resource any more; `retain`: whatever its policy."""
        return self._take(name, kept, retain or kept.get("DeletionPolicy", DELETE) != DELETE)

    def rolled_back(self, name: str, kept: Kept) -> bool:
        """The operation that made it failed: only a policy Retain keeps it, RetainExceptOnCreate does not."""
        return self._take(name, kept, kept.get("DeletionPolicy") == RETAIN)

    def replaced(self, resource: Resource, kept: Kept) -> bool:
        """Another one has taken its place, under the same logical id."""
        if resource.update_replace_policy == RETAIN:
            self._book.note(resource.logical_id, kept["Type"], "DELETE_SKIPPED", kept["PhysicalId"])
            return True
        return self.discarded(resource.logical_id, kept)

    def discarded(self, name: str, kept: Kept) -> bool:
        """It goes, the logical resource stays as another one."""
        told = self._delete(kept)
        self._book.note(name, kept["Type"], "DELETE_FAILED" if told else "DELETE_COMPLETE", kept["PhysicalId"], told)
        return told is None

    def _take(self, name: str, kept: Kept, retained: bool) -> bool:
        kind = kept["Type"]
        if "PhysicalId" in kept and retained:
            self._book.set_resource(name, kind, "DELETE_SKIPPED")
        elif "PhysicalId" in kept:
            self._book.set_resource(name, kind, "DELETE_IN_PROGRESS")
            told = self._delete(kept)
            if told:
                self._book.set_resource(name, kind, "DELETE_FAILED", told)
                return False
            self._book.set_resource(name, kind, "DELETE_COMPLETE")
        self._book.forget_resource(name)
        return True

    def _delete(self, kept: Kept) -> str | None:
        """Why it could not be deleted, None if it is gone."""
        try:
            RESOURCE_TYPES[kept["Type"]].delete(self._clients, kept["PhysicalId"], kept["Properties"])
        except (ClientError, BotoCoreError, ResourceFailed) as error:
            return str(error)
        return None
