"""The worker that is CodeBuild: its records, what runs, and what waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from moto.s3.models import s3_backends

from local_aws.builds import report_store, store
from local_aws.builds.environment import BuildFolders, Place
from local_aws.builds.log import BuildLog
from local_aws.builds.phase_recorder import ServerStops
from local_aws.builds.places import FREE, TOO_LATE, Places
from local_aws.builds.progress import Listener, Progress
from local_aws.builds.records import (
    FAILED,
    FAULT,
    FINALIZING,
    QUEUED,
    STOPPED,
    SUBMITTED,
    SUCCEEDED,
    TIMED_OUT,
    Build,
    PhaseContext,
)
from local_aws.builds.reports import KEPT, Reports
from local_aws.builds.run import BuildRun, Tools
from local_aws.builds.secrets import MotoSecrets, SecretValues
from local_aws.builds.source import Sources, remove
from local_aws.database import Database
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.jobs.control import SERVER, USER, JobControl
from local_aws.sagemaker.validation import validate_shape
from local_aws.service_shapes import input_shape

LOGGER = logging.getLogger(__name__)

MOST_AT_ONCE = 4
MINUTE_SECONDS = 60.0
INTERRUPTED = PhaseContext("LOCAL_AWS_STOPPED", "The local AWS ended while this build ran.")
QUEUED_TOO_LONG = PhaseContext("BUILD_TIMED_OUT", "Build timed out in the queue.")


class Builds:
    """A Worker of the context, as "builds". `lock` is held while projects are changed and builds are admitted.

    `listeners` are told of every build that begins and ends, and of every phase that ends, in the build's thread.
    """

    def __init__(
        self,
        context: Context,
        minute_seconds: float = MINUTE_SECONDS,
        at_once: int = MOST_AT_ONCE,
        secrets: SecretValues | None = None,
    ) -> None:
        """`minute_seconds` is how long a minute of a timeout is; more than `at_once` builds wait.

        `secrets` are those of this server's Parameter Store and Secrets Manager, where none are given.
        """
        self._context, self._minute = context, minute_seconds
        self.lock = threading.RLock()
        self.now: Callable[[], datetime] = context.now
        self.listeners: list[Listener] = []
        self._database = Database(context.state_dir / "builds.sqlite", store.SCHEMA + report_store.SCHEMA)
        self.store = store.BuildStore(self._database)
        self.reports = report_store.ReportStore(self._database)
        self._folder = context.state_dir.absolute() / "builds"
        self._places = Places(at_once)
        self._running: dict[str, tuple[JobControl, threading.Thread]] = {}
        self._closed = False
        self._tools = Tools(
            place=Place(context.region, context.account_id, context.endpoint_url),
            sources=Sources(s3_backends[context.account_id]["aws"]),
            secrets=secrets or MotoSecrets(context.account_id, context.region),
            objects=context.objects,
            reports=Reports(self.reports, self.arn, context.now),
            make_durable=context.make_durable,
            now=context.now,
        )

    def arn(self, resource: str) -> str:
        """The ARN of a resource given as `project/name`."""
        return f"arn:aws:codebuild:{self._context.region}:{self._context.account_id}:{resource}"

    @property
    def encryption_key(self) -> str:
        """Where a project names no key."""
        return f"arn:aws:kms:{self._context.region}:{self._context.account_id}:alias/aws/s3"

    @property
    def console_url(self) -> str:
        """Where the console of this server is."""
        return f"{self._context.endpoint_url}/_console"

    @property
    def waiting(self) -> int:
        """How many builds wait for a place."""
        return self._places.waiting

    def begin(self, build: Build) -> Build:
        """Record a build and run it, once there is a place; returns at once, with the build as it is by then."""
        self.store.add_build(build)
        progress = self._progress(build)
        progress.enter(SUBMITTED)
        progress.leave(SUCCEEDED)
        progress.enter(QUEUED)
        control = JobControl(grace_seconds=0.0)
        begun = progress.build
        thread = threading.Thread(target=self._execute, args=(progress, control), name=f"build {build.id}", daemon=True)
        with self.lock:
            if self._closed:
                control.stop(SERVER)
            self._running[build.id] = (control, thread)
            # within the lock: shutdown must not meet a thread that cannot be joined yet
            thread.start()
        return begun

    def start_build(self, request: Mapping[str, Any], initiator: str) -> Build:
        """Start a build as StartBuild does, for other services of this server; returns at once.

        Raises the service's errors: ValidationException, ResourceNotFoundException, InvalidInputException,
        AccountLimitExceededException.
        """
        from local_aws.builds.starting import start_build

        validate_shape(input_shape("codebuild", "StartBuild"), dict(request))
        return start_build(self, request, initiator)

    def stop_build(self, build_id: str) -> None:
        """Have a build stopped; returns at once. No error where it has ended."""
        with self.lock:
            control, _ = self._running.get(build_id, (None, None))
        if control is not None:
            control.stop(USER)
            self._places.wake()

    def start(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever started by name."""
        raise NotImplementedError(f"{kind} {name}")

    def stop(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever stopped by name."""
        raise NotImplementedError(f"{kind} {name}")

    def recover(self) -> None:
        """End, as FAILED with the reason, what an earlier process left running; forget old reports."""
        for build in self.store.running():
            self._interrupted(self._progress(build))
        remove(self._folder)
        self.reports.forget_before(self.now() - KEPT)

    def shutdown(self) -> None:
        """End all processes; what becomes of their builds the next process says."""
        with self.lock:
            self._closed = True
            running = list(self._running.values())
        for control, _ in running:
            control.stop(SERVER)
        self._places.wake()
        for _, thread in running:
            thread.join()
        self._database.close()

    def _progress(self, build: Build) -> Progress:
        return Progress(build, self.store, self.now, self.listeners)

    def _execute(self, progress: Progress, control: JobControl) -> None:
        try:
            minutes = progress.build.settings["queuedTimeoutInMinutes"]
            until = time.monotonic() + minutes * self._minute
            found = self._places.take(until, lambda: control.stopped_by is None)
            if found == FREE:
                try:
                    self._run(progress, control)
                finally:
                    self._places.give_back()
            elif found == TOO_LATE:
                self._end_queued(progress, TIMED_OUT, QUEUED_TOO_LONG)
            elif control.stopped_by == USER:
                self._end_queued(progress, STOPPED, None)
        except ServerStops:
            LOGGER.info("build %s: the server ends", progress.build.id)
        except Exception:
            LOGGER.exception("build %s could not be run to its end", progress.build.id)
            progress.finish(FAULT)
        finally:
            with self.lock:
                self._running.pop(progress.build.id, None)

    def _run(self, progress: Progress, control: JobControl) -> None:
        progress.leave(SUCCEEDED)
        progress.began()
        build = progress.build
        log = BuildLog(build, self._context.logs, self.now)
        deadline = time.monotonic() + build.settings["timeoutInMinutes"] * self._minute
        folders = BuildFolders(self._folder / build.uuid)
        BuildRun(self._tools, progress, log, folders, control, deadline).execute()

    def _end_queued(self, progress: Progress, status: str, context: PhaseContext | None) -> None:
        progress.leave(status, context)
        progress.finish(status)

    def _interrupted(self, progress: Progress) -> None:
        if progress.build.phases[-1].ended is not None:
            progress.enter(FINALIZING)
        progress.leave(FAILED, INTERRUPTED)
        BuildLog(progress.build, self._context.logs, self.now).say(INTERRUPTED.message)
        progress.finish(FAILED)
