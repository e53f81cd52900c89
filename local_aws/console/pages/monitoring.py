"""Model Monitor's schedules and their executions, where there are records of them."""

from __future__ import annotations

from local_aws.console.paging import PAGE_SIZE, Page, page_number
from local_aws.console.view import View, Visit
from local_aws.sagemaker.jobs.job import LOG_GROUPS
from local_aws.sagemaker.store import Record, RecordNotFound

SCHEDULE, EXECUTION = "MonitoringSchedule", "MonitoringExecution"
RUNNING = ("Pending", "InProgress", "Stopping")


def monitoring(visit: Visit) -> View:
    """The schedules, and the latest executions of all of them."""
    sources = visit.sources
    schedules = sources.context.store.all(SCHEDULE)[::-1]
    number = page_number(visit.request.args)
    names = sources.records.names(EXECUTION, (number - 1) * PAGE_SIZE, PAGE_SIZE)
    found = [record for name in names if (record := _record(visit, name)) is not None]
    values = {
        "schedules": schedules,
        "shown": Page(found, number, sources.records.count(EXECUTION)),
        "log_group": LOG_GROUPS["ProcessingJob"],
    }
    running = sum(sources.records.statuses(EXECUTION).get(status, 0) for status in RUNNING)
    return View("monitoring.html", "Monitoring", values, live=running > 0, news=f"{running} running")


def _record(visit: Visit, name: str) -> Record | None:
    try:
        return visit.sources.context.store.get(EXECUTION, name)
    except RecordNotFound:
        return None
