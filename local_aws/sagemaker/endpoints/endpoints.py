"""The worker for endpoints: makes of each what its record says, and gives its instances to requests."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.capture_log import CaptureLog
from local_aws.sagemaker.endpoints.errors import EndpointNotFound, NotServing
from local_aws.sagemaker.endpoints.fleet import Deployed, FleetFailed
from local_aws.sagemaker.endpoints.instance import endpoints_folder
from local_aws.sagemaker.endpoints.lease import Lease
from local_aws.sagemaker.endpoints.live import LiveEndpoint
from local_aws.sagemaker.endpoints.records import ENDPOINT
from local_aws.sagemaker.endpoints.rollout import RolledBack, build, replace
from local_aws.sagemaker.jobs.reasons import internal_error
from local_aws.sagemaker.jobs.tree import forget_scratch
from local_aws.sagemaker.store import Record, RecordNotFound

LOGGER = logging.getLogger(__name__)

INTERRUPTED = "The update was interrupted when the local AWS ended; what served before it serves."
# how long requests in flight may take when the server ends
SHUTDOWN_DRAIN_SECONDS = 1.0


class _GoingDown(Exception):
    """The server ends: what is under way is left as it is recorded."""


class Endpoints:
    """Implements Worker. `start` looks at the record's status: Creating, Updating or Deleting."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._live: dict[str, LiveEndpoint] = {}
        self._threads: set[threading.Thread] = set()
        # by endpoint, the last change that was begun: the next one waits for its end
        self._latest: dict[str, threading.Thread] = {}
        self._going_down = threading.Event()
        # what comes or goes, beside what the live endpoints serve
        self._changing: set[Deployed] = set()

    def lease(self, endpoint_name: str, target_variant: str | None = None) -> AbstractContextManager[Lease]:
        """An instance for one request. Raises EndpointNotFound, VariantNotFound, NotServing, Throttled."""
        live = self._live.get(endpoint_name)
        if live is not None:
            return live.lease(target_variant)
        try:
            status = self._context.store.get(ENDPOINT, endpoint_name).status
        except RecordNotFound as error:
            raise EndpointNotFound(endpoint_name) from error
        raise NotServing(status or "OutOfService")

    def counts(self, endpoint_name: str) -> dict[str, int]:
        """How many instances each variant has in service now, by its name; of an endpoint that serves nothing, none."""
        live = self._live.get(endpoint_name)
        return live.serving.counts() if live and live.serving else {}

    def coming_counts(self, endpoint_name: str) -> dict[str, int]:
        """The same of what an update brings; none before that gets traffic."""
        live = self._live.get(endpoint_name)
        return live.coming.counts() if live and live.coming else {}

    def start(self, kind: str, name: str) -> None:
        """Begin what the record's status asks for; returns at once."""
        record = self._context.store.get(ENDPOINT, name)
        actions = {"Creating": self._create, "Deleting": self._delete, "Updating": self._update}
        self._begin(name, actions[str(record.status)])

    def stop(self, kind: str, name: str) -> None:
        """Nothing: SageMaker has no call that stops a deployment."""

    def recover(self) -> None:
        """Bring back what an earlier process served, and end what it was at."""
        self._forget_files()
        for record in self._context.store.all(ENDPOINT):
            if record.status == "Creating":
                self._begin(record.name, self._create)
            elif record.status == "Deleting":
                self._begin(record.name, self._delete)
            elif record.status in ("InService", "Updating"):
                if record.status == "Updating":
                    self._settle(record.name, FailureReason=INTERRUPTED)
                # known at once, so that requests wait for its instances
                self._live[record.name] = LiveEndpoint(record.name)
                self._begin(record.name, self._return)

    def shutdown(self) -> None:
        """End every instance; the records stay as they are."""
        self._going_down.set()
        serving = [live.close() for live in list(self._live.values())]
        ending = {deployed for deployed in [*serving, *list(self._changing)] if deployed is not None}
        if ending:
            with ThreadPoolExecutor(len(ending)) as pool:
                list(pool.map(lambda deployed: deployed.close(SHUTDOWN_DRAIN_SECONDS), ending))
        for thread in list(self._threads):
            thread.join()
        self._forget_files()

    def _begin(self, name: str, action: Callable[[Record], None]) -> None:
        with self._lock:
            arguments = (name, action, self._latest.get(name))
            thread = threading.Thread(target=self._run, args=arguments, name=f"endpoint {name}", daemon=True)
            self._latest[name] = thread
            self._threads.add(thread)
            thread.start()

    def _run(self, name: str, action: Callable[[Record], None], before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        try:
            action(self._context.store.get(ENDPOINT, name))
        except _GoingDown:
            pass
        except Exception as error:
            if not self._going_down.is_set():
                LOGGER.exception("endpoint %s", name)
                # what served before a change that failed serves on
                status = "InService" if name in self._live else "Failed"
                self._settle(name, status, FailureReason=internal_error(error))
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())
                if self._latest.get(name) is threading.current_thread():
                    del self._latest[name]

    def _create(self, record: Record) -> None:
        live = LiveEndpoint(record.name)
        if self._bring_up(live, record):
            self._live[record.name] = live
            self._keep_artefacts()
            self._settle(record.name)

    def _return(self, record: Record) -> None:
        self._bring_up(self._live[record.name], record)

    def _bring_up(self, live: LiveEndpoint, record: Record) -> bool:
        """Start what the record says it serves; whether that went well, which is recorded where it did not."""
        try:
            deployed = build(self._context, live, record.body)
            with self._in_change(deployed):
                deployed.start()
        except FleetFailed as error:
            if not self._going_down.is_set():
                self._live.pop(record.name, None)
                self._settle(record.name, "Failed", FailureReason=str(error))
            return False
        live.serve(deployed)
        if self._going_down.is_set():
            deployed.close()
        return True

    def _update(self, record: Record) -> None:
        pending, live = record.body.get("Pending"), self._live.get(record.name)
        if pending is None or live is None:
            return  # it did not come back after a restart of the server, and is Failed
        if "Config" not in pending:
            return self._resize(live, pending["Variants"])
        try:
            new = build(self._context, live, pending)
            with self._in_change(new, live.serving):
                replace(live, new, pending.get("DeploymentConfig"), self._alarm_state, self._wait)
        except (RolledBack, FleetFailed) as error:
            if not self._going_down.is_set():
                self._settle(record.name, FailureReason=str(error))
            return
        self._keep_artefacts()
        taken = ("EndpointConfigName", "Config", "Models", "Variants", "Capture")
        changes = {member: pending.get(member) for member in taken}
        self._settle(record.name, FailureReason=None, LastDeploymentConfig=pending.get("DeploymentConfig"), **changes)

    @contextmanager
    def _in_change(self, *deployed: Deployed | None) -> Iterator[None]:
        """While this lasts, a shutdown ends these fleets too."""
        fleets = {one for one in deployed if one is not None}
        self._changing |= fleets
        try:
            if self._going_down.is_set():
                raise _GoingDown
            yield
        finally:
            self._changing -= fleets

    def _resize(self, live: LiveEndpoint, wanted: dict[str, dict[str, Any]]) -> None:
        """Weights at once, counts as instances come and go; where one does not come, those there are stay."""
        fleets, reason = live.serving.fleets if live.serving else {}, None
        for name, fleet in fleets.items():
            fleet.weight = wanted[name]["Weight"]
        counted = {name: fleet for name, fleet in fleets.items() if "Count" in wanted[name]}
        try:
            for name, fleet in counted.items():
                fleet.resize(wanted[name]["Count"])
        except FleetFailed as error:
            reason = str(error)
            wanted = wanted | {name: {**wanted[name], "Count": fleet.desired} for name, fleet in counted.items()}
        if not self._going_down.is_set():
            self._settle(live.name, FailureReason=reason, Variants=wanted)

    def _delete(self, record: Record) -> None:
        live = self._live.pop(record.name, None)
        if live is not None and (serving := live.close()):
            with self._in_change(serving):
                serving.close()
        if self._going_down.is_set():
            return
        cast(CaptureLog, self._context.workers["capture"]).flush(record.name)
        self._context.store.delete(ENDPOINT, record.name)

    def _settle(self, name: str, status: str = "InService", **changes: Any) -> None:
        """The end of a change: members that are None go."""

        def change(record: Record) -> tuple[str, dict[str, Any]]:
            body = {**record.body, **changes, "Pending": None}
            # a deletion that was asked for meanwhile stays
            after = "Deleting" if record.status == "Deleting" else status
            return after, {member: value for member, value in body.items() if value is not None}

        self._context.store.edit(ENDPOINT, name, change)

    def _keep_artefacts(self) -> None:
        """What is said to be in service comes back after a crash, too: its model's files must be on disk by then."""
        try:
            self._context.make_durable()
        except OSError:
            LOGGER.exception("an endpoint's model could not be made durable")

    def _alarm_state(self, name: str) -> str:
        try:
            return str(self._context.alarms.state(name))
        except KeyError:
            return "INSUFFICIENT_DATA"

    def _wait(self, seconds: float) -> None:
        if self._going_down.wait(seconds):
            raise _GoingDown

    def _forget_files(self) -> None:
        folder = endpoints_folder(self._context)
        for root in folder.glob("*/i-*"):
            forget_scratch(root)
        shutil.rmtree(folder, ignore_errors=True)
