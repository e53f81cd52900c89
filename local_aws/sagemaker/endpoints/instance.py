"""One instance of a variant: a model's server with several workers, started again when it ends by itself."""

from __future__ import annotations

import logging
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.jobs.control import JobControl, JobFailed
from local_aws.sagemaker.jobs.model_container import ModelContainer
from local_aws.sagemaker.jobs.model_server import STOP_GRACE_SECONDS, ModelServer
from local_aws.sagemaker.jobs.reasons import internal_error, shorten
from local_aws.sagemaker.jobs.tree import JobTree

LOGGER = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/Endpoints"
# each start loads a framework; more at a time than this take longer all together
STARTS_AT_A_TIME = threading.Semaphore(2)
FIRST_RESTART_SECONDS, LONGEST_RESTART_SECONDS = 0.5, 30.0


@dataclass(frozen=True)
class VariantSpec:
    """What an instance is made of. `startup_seconds` is how long its first answer to /ping may take."""

    endpoint_name: str
    name: str
    model: ModelContainer
    workers: int
    startup_seconds: float
    serverless_max_concurrency: int | None = None


class Instance:
    """`on_change` is called, from the instance's own thread, whenever `server` appears or goes."""

    def __init__(self, context: Context, spec: VariantSpec, on_change: Callable[[], None]) -> None:
        self.name = f"i-{uuid.uuid4().hex[:17]}"
        self.in_flight = 0
        self.taken = 0
        self.server: ModelServer | None = None
        self.failure: str | None = None
        self._context = context
        self._spec = spec
        self._on_change = on_change
        self._root = endpoints_folder(context) / spec.endpoint_name / self.name
        self._starting: ModelServer | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"instance {self.name}", daemon=True)

    @property
    def healthy(self) -> bool:
        """Whether it can take a request; one whose end was noticed by a request cannot, before it is started again."""
        server = self.server
        return server is not None and not server.is_gone

    def begin(self) -> None:
        """Start it; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait until no process of it is left. Its requests in flight should have ended before."""
        self._stopping.set()
        with self._lock:
            server = self.server or self._starting
        if server is not None:
            server.stop()
        if self._thread.ident is not None:
            self._thread.join()
        shutil.rmtree(self._root, ignore_errors=True)

    def _run(self) -> None:
        pause, was_healthy = FIRST_RESTART_SECONDS, False
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                server = self._start_server()
            except Exception as error:
                self._fail(error)
                if not was_healthy:
                    return
            else:
                was_healthy, self.failure = True, None
                self._set_server(server)
                server.wait_for_end()
                self._set_server(None)
                server.stop()
            if time.monotonic() - began > LONGEST_RESTART_SECONDS:
                pause = FIRST_RESTART_SECONDS
            if not self._stopping.wait(pause):
                LOGGER.warning("instance %s of %s ended; starting it again", self.name, self._spec.endpoint_name)
            pause = min(2 * pause, LONGEST_RESTART_SECONDS)

    def _start_server(self) -> ModelServer:
        """A server that has answered its health check. Raises JobFailed, also where the instance is to stop."""
        with STARTS_AT_A_TIME:
            if self._stopping.is_set():
                raise JobFailed("the instance was stopped while it started")
            shutil.rmtree(self._root, ignore_errors=True)
            tree, control = JobTree(self._root), JobControl(STOP_GRACE_SECONDS)
            try:
                server = ModelServer(self._context, self._spec.model, tree, control, self._log, self._spec.workers)
                with self._lock:
                    self._starting = server
                if self._stopping.is_set():
                    server.stop()
                server.wait_until_ready(self._spec.startup_seconds)
            except JobFailed as error:
                tree.forget_scratch()
                # people know the container's folder as /opt/ml
                raise JobFailed(tree.mapping.unmapped(str(error))) from error
            return server

    def _fail(self, error: Exception) -> None:
        if isinstance(error, JobFailed):
            self.failure = self._told(str(error))
        else:
            LOGGER.exception("instance %s of %s", self.name, self._spec.endpoint_name)
            self.failure = internal_error(error)
        self._on_change()

    def _set_server(self, server: ModelServer | None) -> None:
        with self._lock:
            self.server, self._starting = server, None
        self._on_change()

    def _log(self, lines: list[str]) -> None:
        group = f"{LOG_GROUP}/{self._spec.endpoint_name}"
        self._context.logs.write(group, f"{self._spec.name}/{self.name}", lines)

    def _told(self, reason: str) -> str:
        """A reason in the words that the service has for endpoints."""
        variant = f"The primary container for production variant {self._spec.name}"
        told = reason.replace("AlgorithmError: The primary container", variant).removeprefix("ClientError: ")
        return shorten(" ".join(told.split()))


def endpoints_folder(context: Context) -> Path:
    """Where the instances of all endpoints have their files."""
    return context.state_dir.absolute() / "endpoints"
