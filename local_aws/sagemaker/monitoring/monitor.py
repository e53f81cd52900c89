"""Starts the executions of monitoring schedules when they are due, and sees them through."""

from __future__ import annotations

import logging
import secrets
import threading
from datetime import datetime
from typing import Any

from local_aws.periodic import Periodic
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.jobs.reasons import SERVER_STOPPED, internal_error, shorten
from local_aws.sagemaker.monitoring.captured import NothingCaptured, capture_source
from local_aws.sagemaker.monitoring.execution import Abandoned, Ending, Execution
from local_aws.sagemaker.monitoring.job import job_of
from local_aws.sagemaker.monitoring.job_requests import ANALYSES, Run
from local_aws.sagemaker.monitoring.records import EXECUTION, RUNNING, SCHEDULE
from local_aws.sagemaker.monitoring.scheduling import expression_of, most_seconds
from local_aws.sagemaker.monitoring.windows import window_of
from local_aws.sagemaker.store import Record, RecordNotFound

LOGGER = logging.getLogger(__name__)
SECONDS = 1.0
TOKEN_BYTES = 12


class NotScheduled(Exception):
    """The schedule was stopped meanwhile."""


class Monitor:
    """A Worker. Of the hours that fall into the time when the server was down, the latest is made up for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.RLock()
        self._running: dict[str, tuple[Execution, threading.Thread]] = {}
        self._over = threading.Event()
        self._periodic = Periodic("monitoring schedules", SECONDS, self.tick)

    def start(self, kind: str, name: str) -> None:
        """Take up a schedule that was made, changed or started, and is Pending: it is Scheduled then, or Failed."""
        self._context.store.edit(kind, name, self._settled)
        self.tick()

    def stop(self, kind: str, name: str) -> None:
        """Stop what runs for a schedule; returns at once."""
        stopping = []
        with self._lock:
            for record in self._context.store.all(EXECUTION, RUNNING):
                if record.body["MonitoringScheduleName"] == name and record.name in self._running:
                    self._context.store.update(EXECUTION, record.name, "Stopping")
                    stopping.append(self._running[record.name][0])
        for execution in stopping:
            execution.stop()

    def recover(self) -> None:
        """End as Failed what an earlier server left running, and begin to look at the clock."""
        store = self._context.store
        for record in store.all(EXECUTION, RUNNING):
            store.update(EXECUTION, record.name, "Failed", FailureReason=SERVER_STOPPED)
        for record in store.all(SCHEDULE, ["Pending"]):
            store.edit(SCHEDULE, record.name, self._settled)
        self.tick()
        self._periodic.start()

    def shutdown(self) -> None:
        """Begin nothing any more; what runs is Failed."""
        self._over.set()
        self._periodic.stop()
        with self._lock:
            threads = [thread for _, thread in self._running.values()]
        for thread in threads:
            thread.join()

    def tick(self) -> None:
        """Begin the executions that have become due."""
        with self._lock:
            if self._over.is_set():
                return
            now = self._context.now()
            for record in self._context.store.all(SCHEDULE, ["Scheduled"]):
                try:
                    due = expression_of(record).due(record.body["LastDue"], now)
                    if due is not None:
                        self._begin(record, due)
                except (NotScheduled, RecordNotFound):
                    LOGGER.info("monitoring schedule %s was stopped or deleted as it became due", record.name)
                except Exception:
                    LOGGER.exception("monitoring schedule %s did not run", record.name)

    def _settled(self, record: Record) -> tuple[str, dict[str, Any]]:
        """A schedule that was Pending, with the moment from which it counts."""
        body = {member: value for member, value in record.body.items() if member != "FailureReason"}
        try:
            job = job_of(self._context, body["MonitoringScheduleConfig"])
            capture_source(self._context, job.endpoint_name)
        except (ServiceError, NothingCaptured) as error:
            return "Failed", {**body, "FailureReason": shorten(str(error))}
        since = None if expression_of(record).once else self._context.now()
        return "Scheduled", {**body, "LastDue": since}

    def _begin(self, schedule: Record, due: datetime) -> None:
        """Note that it was due, so that it is not again, whatever happens from here on; then run it in a thread."""
        context, config = self._context, schedule.body["MonitoringScheduleConfig"]
        token = secrets.token_hex(TOKEN_BYTES)
        job_name = f"{ANALYSES[schedule.body['MonitoringType']]}-{due:%Y%m%d%H%M}-{token}"
        name = f"{schedule.name}/{job_name}"
        context.store.edit(SCHEDULE, schedule.name, lambda present: _begun(present, due, name))
        body: dict[str, Any] = {
            "MonitoringScheduleName": schedule.name,
            "ScheduledTime": due,
            "EndpointName": schedule.body["EndpointName"],
            "MonitoringType": schedule.body["MonitoringType"],
            "JobNames": [],
        }
        if "MonitoringJobDefinitionName" in config:
            body["MonitoringJobDefinitionName"] = config["MonitoringJobDefinitionName"]
        context.store.insert(EXECUTION, name, f"{schedule.arn}/execution/{job_name}", body, "Pending")
        try:
            run = self._run_of(schedule, due, token)
        except ServiceError as error:
            # the definition has gone, or an image
            self._end(name, Ending("Failed", str(error)))
            return
        window: dict[str, Any] = {
            "WindowStart": run.window.start,
            "WindowEnd": run.window.end,
            "ReportS3Uri": str(run.report),
        }
        context.store.update(EXECUTION, name, **window)
        execution = Execution(context, run, schedule.arn, lambda job: self._note(name, job), self._over)
        thread = threading.Thread(target=self._perform, args=(name, execution), name=name, daemon=True)
        self._running[name] = (execution, thread)
        thread.start()

    def _run_of(self, schedule: Record, due: datetime, token: str) -> Run:
        config, expression = schedule.body["MonitoringScheduleConfig"], expression_of(schedule)
        job = job_of(self._context, config)
        window = window_of(due, expression, config.get("ScheduleConfig") or {}, job.endpoint_input)
        seconds = most_seconds(job, expression)
        return Run(job, schedule.name, due, window, expression.once, token, seconds)

    def _perform(self, name: str, execution: Execution) -> None:
        try:
            ending = execution.perform()
        except Abandoned:
            ending = Ending("Failed", SERVER_STOPPED)
        except Exception as error:
            LOGGER.exception("monitoring execution %s", name)
            ending = Ending("Failed", internal_error(error))
        with self._lock:
            self._running.pop(name, None)
            self._end(name, ending)

    def _note(self, name: str, job_name: str) -> None:
        """A job was begun: the execution is in progress, unless it is being stopped."""

        def noted(record: Record) -> tuple[str | None, dict[str, Any]]:
            jobs = [*record.body["JobNames"], job_name]
            arn = self._context.arn(f"processing-job/{job_name}")
            status = "InProgress" if record.status == "Pending" else record.status
            return status, {**record.body, "JobNames": jobs, "ProcessingJobArn": arn}

        self._context.store.edit(EXECUTION, name, noted)

    def _end(self, name: str, ending: Ending) -> None:
        """Store the end. What was asked to stop, and ended well before it could, is Stopped all the same."""

        def ended(record: Record) -> tuple[str | None, dict[str, Any]]:
            stopped = record.status == "Stopping" and ending.status != "Failed"
            body = dict(record.body)
            if ending.reason and not stopped:
                body["FailureReason"] = shorten(ending.reason)
            return "Stopped" if stopped else ending.status, body

        try:
            self._context.store.edit(EXECUTION, name, ended)
        except RecordNotFound:
            LOGGER.warning("monitoring execution %s was deleted while it ran", name)


def _begun(schedule: Record, due: datetime, execution_name: str) -> tuple[str, dict[str, Any]]:
    """A schedule that has run. Raises NotScheduled."""
    if schedule.status != "Scheduled":
        raise NotScheduled(schedule.name)
    return schedule.status, {**schedule.body, "LastDue": due, "LastExecution": execution_name}
