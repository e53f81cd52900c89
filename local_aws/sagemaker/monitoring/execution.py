"""One execution of a monitoring schedule, from its window to its status."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from local_aws.objects import ObjectNotFound, S3Uri
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.capture_log import CaptureLog
from local_aws.sagemaker.errors import ServiceError, ValidationException
from local_aws.sagemaker.jobs import tree
from local_aws.sagemaker.jobs.lifecycle import JobKind, refuse_missing_input
from local_aws.sagemaker.monitoring.captured import (
    HourFolder,
    NothingCaptured,
    below,
    capture_source,
    hour_folders,
    hour_folders_or_none,
)
from local_aws.sagemaker.monitoring.emitted_metrics import publish
from local_aws.sagemaker.monitoring.job_requests import Run
from local_aws.sagemaker.monitoring.records import MODEL_QUALITY
from local_aws.sagemaker.monitoring.windows import Window
from local_aws.sagemaker.store import Record, RecordNotFound

LOGGER = logging.getLogger(__name__)

JOBS = JobKind("ProcessingJob", "processing-job", "processing job")
RUNNING = ("InProgress", "Stopping")
LOOK_SECONDS = 0.1
# of an execution of the service that found nothing in the hours of its window
NO_DATA = "Job inputs had no data"
WITH_VIOLATIONS = "CompletedWithViolations"


class Abandoned(Exception):
    """The server is going: nobody waits for the job any more."""


@dataclass(frozen=True)
class Ending:
    """How an execution ended."""

    status: str
    reason: str | None = None


class Execution:
    """Runs the jobs of one execution, one after the other, in the thread of its caller."""

    def __init__(
        self, context: Context, run: Run, schedule_arn: str, note: Callable[[str], None], over: threading.Event
    ) -> None:
        """`note` is told the name of each job that is begun; `over` is set when the server goes."""
        self._context = context
        self._run = run
        self._schedule_arn = schedule_arn
        self._note = note
        self._over = over
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._job: str | None = None

    def stop(self) -> None:
        """Begin no further job, and stop the one that runs."""
        with self._lock:
            self._stopped.set()
            job = self._job
        if job is not None:
            try:
                self._context.call("StopProcessingJob", {"ProcessingJobName": job})
            except ServiceError as error:
                LOGGER.info("%s has ended already: %s", job, error)

    def perform(self) -> Ending:
        """Everything, to the end. Raises Abandoned."""
        context, run = self._context, self._run
        try:
            source = capture_source(context, run.job.endpoint_name)
            cast(CaptureLog, context.workers["capture"]).flush(run.job.endpoint_name)
            data = hour_folders(context.objects, source.folder, run.window)
            if not data:
                return Ending("Failed", NO_DATA)
            self._refuse_missing_baseline()
            if run.job.monitoring_type == MODEL_QUALITY:
                return self._model_quality(data)
            return self._analyse(data, {"sagemakerCaptureJson": {"captureIndexNames": list(source.index_names)}})
        except (NothingCaptured, ObjectNotFound, ValidationException) as error:
            return Ending("Failed", f"ClientError: {error}" if isinstance(error, ObjectNotFound) else str(error))

    def _model_quality(self, data: list[HourFolder]) -> Ending:
        run, objects = self._run, self._context.objects
        truth_folder = S3Uri.parse(str(run.job.ground_truth_uri))
        # labels come later than what they are labels of, as far as until now
        known = Window(run.window.start, max(run.window.end, run.scheduled))
        truth = hour_folders_or_none(objects, truth_folder, known)
        if not truth:
            self._refuse_missing(str(below(truth_folder, next(run.window.hours()))))
        ending = self._execute(run.merge_request(data, truth))
        if ending.status != "Completed":
            return ending
        merged = hour_folders_or_none(objects, run.merged, run.window)
        if not merged:
            self._refuse_missing(f"{run.merged}/{data[0].path}")
        return self._analyse(merged, {"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}})

    def _analyse(self, data: list[HourFolder], dataset_format: dict[str, Any]) -> Ending:
        request = self._run.analysis_request(data, dataset_format)
        ending = self._execute(request)
        if ending.status in ("Completed", WITH_VIOLATIONS):
            root = tree.job_root(self._context.state_dir, JOBS.kind, request["ProcessingJobName"])
            publish(self._context.metrics, self._run.job.monitoring_type, root)
        return ending

    def _execute(self, request: dict[str, Any]) -> Ending:
        with self._lock:
            if self._over.is_set():
                raise Abandoned
            if self._stopped.is_set():
                return Ending("Stopped")
            self._job = request["ProcessingJobName"]
            JOBS.accept(self._context, request, MonitoringScheduleArn=self._schedule_arn)
        self._note(self._job)
        record = self._wait(self._job)
        if record is None:
            return Ending("Failed", "ClientError: the processing job of the execution was deleted.")
        if record.status == "Completed" and str(record.body.get("ExitMessage", "")).startswith(WITH_VIOLATIONS):
            return Ending(WITH_VIOLATIONS)
        return Ending(str(record.status), record.body.get("FailureReason"))

    def _wait(self, name: str) -> Record | None:
        while True:
            try:
                record = self._context.store.get(JOBS.kind, name)
            except RecordNotFound:
                return None
            if record.status not in RUNNING:
                return record
            if self._over.wait(LOOK_SECONDS):
                raise Abandoned

    def _refuse_missing_baseline(self) -> None:
        for resource in self._run.job.baseline.values():
            if isinstance(resource, dict) and resource.get("S3Uri"):
                self._refuse_missing(resource["S3Uri"])

    def _refuse_missing(self, uri: str) -> None:
        """Raises ValidationException where there is no such object, in the words of a job that would want it."""
        refuse_missing_input(self._context, uri, self._run.job.role_arn)
