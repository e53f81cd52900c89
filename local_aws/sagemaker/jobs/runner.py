"""Executes jobs in the background: a thread for each supervises its processes and stores how it ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.jobs import processing, training, transform, transitions, tree
from local_aws.sagemaker.jobs.control import SERVER, USER, JobControl, JobFailed, JobStopped
from local_aws.sagemaker.jobs.job import Job, Outcome
from local_aws.sagemaker.jobs.outputs import upload_failure
from local_aws.sagemaker.jobs.reasons import SERVER_STOPPED, disk_full, internal_error, shorten
from local_aws.sagemaker.store import Record, RecordNotFound

LOGGER = logging.getLogger(__name__)

RUN: dict[str, Callable[[Job], Outcome]] = {
    "ProcessingJob": processing.run,
    "TrainingJob": training.run,
    "TransformJob": transform.run,
}
END_TIMES = {
    "ProcessingJob": "ProcessingEndTime",
    "TrainingJob": "TrainingEndTime",
    "TransformJob": "TransformEndTime",
}
RUNNING = ("InProgress", "Stopping")
# SIGTERM is followed by SIGKILL after this time, as in the service
GRACE_SECONDS = 120.0
MOST_JOBS_AT_ONCE = 32


class JobRunner:
    """The worker for processing, training and transform jobs (see Worker in context.py)."""

    def __init__(self, context: Context, grace_seconds: float = GRACE_SECONDS) -> None:
        self._context = context
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], tuple[JobControl, threading.Thread]] = {}
        self._places = threading.BoundedSemaphore(MOST_JOBS_AT_ONCE)
        self._closed = False

    def start(self, kind: str, name: str) -> None:
        """Begin to execute the record; returns at once."""
        control = JobControl(self._grace_seconds)
        thread = threading.Thread(target=self._execute, args=(kind, name, control), name=f"{kind} {name}", daemon=True)
        with self._lock:
            if self._closed:
                control.stop(SERVER)
            self._running[kind, name] = (control, thread)
            # within the lock: shutdown must not meet a thread that cannot be joined yet
            thread.start()

    def stop(self, kind: str, name: str) -> None:
        """Ask a running record to stop; returns at once. No error if it ended."""
        with self._lock:
            control, _ = self._running.get((kind, name), (None, None))
        if control is not None:
            control.stop(USER)

    def recover(self) -> None:
        """End as Failed what an earlier server left running; to be called before anything is started."""
        for kind in RUN:
            for record in self._context.store.all(kind, RUNNING):
                self._finish(record, Outcome("Failed", {"FailureReason": SERVER_STOPPED}))

    def shutdown(self) -> None:
        """Kill everything and wait until no process and no thread is left."""
        with self._lock:
            self._closed = True
            running = list(self._running.values())
        for control, _ in running:
            control.stop(SERVER)
        for _, thread in running:
            thread.join()

    def _execute(self, kind: str, name: str, control: JobControl) -> None:
        try:
            record = self._context.store.get(kind, name)
            with self._places:
                self._run(record, control)
        except RecordNotFound:
            LOGGER.warning("%s %s was deleted before it began", kind, name)
        except Exception as error:
            LOGGER.exception("%s %s: could not be begun, or tidied up", kind, name)
            failed = Outcome("Failed", {"FailureReason": internal_error(error)})
            self._context.store.edit(kind, name, lambda present: self._ended(present, failed))
        finally:
            with self._lock:
                self._running.pop((kind, name), None)

    def _run(self, record: Record, control: JobControl) -> None:
        root = tree.fresh_root(self._context.state_dir, record.kind, record.name)
        job = Job(self._context, record, root, control)
        outcome = _outcome(job)
        if outcome.status == "Failed":
            job.uploads.take_back()
        try:
            self._context.make_durable()
        except OSError as error:
            LOGGER.exception("%s %s: its outputs could not be kept", record.kind, record.name)
            job.uploads.take_back()
            reason = str(upload_failure(error, "the outputs"))
            outcome = Outcome("Failed", {**outcome.changes, "FailureReason": reason})
        self._finish(record, outcome)

    def _finish(self, record: Record, outcome: Outcome) -> None:
        """Tidy up, then store the end, so that who sees a job ended finds its folder in order."""
        root = tree.job_root(self._context.state_dir, record.kind, record.name)
        if root.exists():
            tree.forget_scratch(root)
            (tree.keep_failed if outcome.status == "Failed" else tree.strip)(root)
        self._context.store.edit(record.kind, record.name, lambda present: self._ended(present, outcome))

    def _ended(self, present: Record, outcome: Outcome) -> tuple[str, dict[str, Any]]:
        status = outcome.status
        if present.status == "Stopping" and status == "Completed":
            status = "Stopped"
        changes = {**outcome.changes, END_TIMES[present.kind]: self._context.now()}
        body = {**present.body, **changes}
        if present.kind == "TrainingJob":
            body = transitions.ended(body, status, self._context.now())
        return status, body


def _outcome(job: Job) -> Outcome:
    try:
        job.control.check()
        return RUN[job.kind](job)
    except JobStopped:
        if job.control.stopped_by == SERVER:
            return Outcome("Failed", {"FailureReason": SERVER_STOPPED})
        return Outcome("Stopped")
    except JobFailed as error:
        return Outcome("Failed", {"FailureReason": shorten(job.told(str(error)))})
    except OSError as error:
        LOGGER.exception("%s %s", job.kind, job.name)
        reason = disk_full(error) or internal_error(error)
        return Outcome("Failed", {"FailureReason": shorten(job.told(reason))})
    except Exception as error:
        LOGGER.exception("%s %s", job.kind, job.name)
        return Outcome("Failed", {"FailureReason": internal_error(error)})
