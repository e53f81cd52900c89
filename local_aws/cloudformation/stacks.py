"""The worker for stacks: a thread for each that is being created, updated or deleted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import boto3

from local_aws.cloudformation.deployment import StackDeployment
from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.records import STACK, StackBook
from local_aws.cloudformation.removal import Removal
from local_aws.cloudformation.requests import scope_of, template_of
from local_aws.cloudformation.resources.base import Owner
from local_aws.sagemaker.context import Context

LOGGER = logging.getLogger(__name__)

NOT_UNDONE = "The following resource(s) could not be rolled back:"
INTERRUPTED = "The local AWS ended while this was going on."
LEFT_AS = {
    "CREATE": "CREATE_FAILED",
    "UPDATE": "UPDATE_FAILED",
    "DELETE": "DELETE_FAILED",
    "ROLLBACK": "ROLLBACK_FAILED",
}


class Stacks:
    """Implements Worker. `start` looks at the record's status: CREATE_, UPDATE_ or DELETE_IN_PROGRESS."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._threads: set[threading.Thread] = set()

    def start(self, kind: str, name: str) -> None:
        """Begin what the record's status asks for; returns at once."""
        status = str(self._context.store.get(STACK, name).status)
        act = {"CREATE": self._create, "UPDATE": self._update, "DELETE": self._delete}[status.partition("_")[0]]
        thread = threading.Thread(target=self._run, args=(act, name), name=f"stack {name}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def stop(self, kind: str, name: str) -> None:
        """Nothing: what is under way ends by itself, within seconds."""

    def recover(self) -> None:
        """End, as failed, what an earlier process was at."""
        for record in self._context.store.all(STACK):
            status = str(record.status)
            if status.endswith("_IN_PROGRESS"):
                StackBook(self._context, record.name).set_status(LEFT_AS[status.partition("_")[0]], INTERRUPTED)

    def shutdown(self) -> None:
        """Wait for what is under way."""
        for thread in list(self._threads):
            thread.join(timeout=30)

    def client(self, service: str) -> Any:
        """A client of this very server: resources are made through the API that everybody has."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    service,
                    endpoint_url=self._context.endpoint_url,
                    region_name=self._context.region,
                    aws_access_key_id="local",
                    aws_secret_access_key="local",  # noqa: S106  the local AWS takes any
                )
            return self._clients[service]

    def _run(self, act: Callable[[StackBook], None], name: str) -> None:
        book = StackBook(self._context, name)
        try:
            act(book)
        except Exception as error:
            LOGGER.exception("stack %s", name)
            status = str(book.record.status)
            book.set_status(LEFT_AS[status.partition("_")[0]], f"Internal failure: {error!r}")
        finally:
            self._threads.discard(threading.current_thread())

    def _create(self, book: StackBook) -> None:
        body = book.record.body
        deployment = self._deployment(book, body)
        try:
            outputs = deployment.apply()
        except ResourceFailed as error:
            if body["OnFailure"] == "DO_NOTHING":
                book.set_status("CREATE_FAILED", str(error))
                return
            book.set_status("ROLLBACK_IN_PROGRESS", f"{error} Rollback requested by user.")
            stuck = deployment.roll_back()
            self._forget_failed(book)
            if stuck:
                book.set_status("ROLLBACK_FAILED", f"{NOT_UNDONE} [{', '.join(stuck)}].")
                return
            book.set_status("ROLLBACK_COMPLETE")
            if body["OnFailure"] == "DELETE":
                self._delete(book)
            return
        book.set_status("CREATE_COMPLETE", Outputs=outputs)

    def _update(self, book: StackBook) -> None:
        wanted = book.record.body["Next"]
        deployment = self._deployment(book, wanted)
        try:
            outputs = deployment.apply()
        except ResourceFailed as error:
            book.set_status("UPDATE_ROLLBACK_IN_PROGRESS", str(error))
            stuck = deployment.roll_back()
            self._forget_failed(book)
            if stuck:
                book.set_status("UPDATE_ROLLBACK_FAILED", f"{NOT_UNDONE} [{', '.join(stuck)}].", Next=None)
            else:
                book.set_status("UPDATE_ROLLBACK_COMPLETE", Next=None)
            return
        book.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Outputs=outputs, **wanted, Next=None)
        deployment.clean_up()
        book.set_status("UPDATE_COMPLETE")

    def _delete(self, book: StackBook) -> None:
        body, removal = book.record.body, Removal(self.client, book)
        retain = body.get("RetainResources", [])
        stuck = [
            name
            for name, kept in reversed(list(body["Resources"].items()))
            if not removal.removed(name, kept, name in retain)
        ]
        if stuck:
            book.set_status("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(stuck)}].")
            return
        self._context.store.delete(STACK, book.record.name)

    def _deployment(self, book: StackBook, wanted: dict[str, Any]) -> StackDeployment:
        template, record = template_of(wanted), book.record
        scope = scope_of(self._context, template, wanted["Parameters"], record.name, record.arn)
        owner = Owner(tuple(wanted["Capabilities"]), {tag["Key"]: tag["Value"] for tag in wanted["Tags"]})
        return StackDeployment(self.client, book, template, scope, owner)

    def _forget_failed(self, book: StackBook) -> None:
        """Resources that were never made leave their event behind, and nothing else."""
        for name, one in list(book.record.body["Resources"].items()):
            if "PhysicalId" not in one:
                book.forget_resource(name)
