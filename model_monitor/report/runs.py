"""The executions of the window, from SageMaker, and from the reports in S3 of those that SageMaker has forgotten.

A one-time schedule is deleted when the next one is made, and its executions with it; their reports stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from model_monitor.capture import Window
from model_monitor.execution import (
    COMPLETED,
    VIOLATIONS_FILE,
    WITH_VIOLATIONS,
    Execution,
    Violation,
    read_execution,
    read_violations,
    summaries,
)
from model_monitor.names import MonitoringType
from model_monitor.report.listing import listed
from model_monitor.schedule import Existing
from model_monitor.stored import StoredFileDamaged, StoredFileMissing, read_object, split_uri

STATISTICS_FILE = "statistics.json"
# of a schedule: two days of an hourly one
MOST_RUNS = 48
LISTED = 100
HOUR = timedelta(hours=1)
_FOLDER = re.compile(r"(?P<folder>.*/(\d{4})/(\d\d)/(\d\d)/(\d\d)(?:/(\d\d))?)/(?P<file>[^/]+\.json)$")


@dataclass(frozen=True)
class Run:
    """An execution, and how many records it analysed (None where its report does not say).

    `recorded` is False for one of which there is only the report in S3.
    """

    execution: Execution
    records: int | None
    recorded: bool = True

    @property
    def monitoring_type(self) -> str:
        return self.execution.monitoring_type

    @property
    def changed(self) -> datetime:
        return self.execution.changed


def find_runs(
    sagemaker: Any, s3: Any, schedules: Sequence[Existing], places: Mapping[str, MonitoringType], window: Window
) -> tuple[Run, ...]:
    """The window's executions of the schedules, and the latest of each in any case; newest first.

    `places` are the folders of reports in S3 and what kind of reports they hold: s3://BUCKET/…/ENDPOINT/SCHEDULE.
    """
    executions = [one for schedule in schedules for one in _recorded(sagemaker, s3, schedule.name, window)]
    runs = [Run(one, _record_count(s3, one)) for one in executions]
    known = {one.report for one in executions}
    for place, monitoring_type in places.items():
        runs += [one for one in _reports(s3, place, monitoring_type, window) if one.execution.report not in known]
    return tuple(sorted(runs, key=lambda run: run.changed, reverse=True))


def _recorded(sagemaker: Any, s3: Any, schedule: str, window: Window) -> list[Execution]:
    found = summaries(sagemaker, schedule, LISTED)
    # an execution on the hour looks at the hour before
    wanted = [one for one in found if window.start <= one["ScheduledTime"] < window.end + HOUR]
    return [read_execution(sagemaker, s3, one) for one in (wanted or found[:1])[:MOST_RUNS]]


def _record_count(s3: Any, execution: Execution) -> int | None:
    if execution.report is None:
        return None
    try:
        return int(read_object(s3, f"{execution.report}/{STATISTICS_FILE}")["dataset"]["item_count"])
    except (StoredFileMissing, StoredFileDamaged, KeyError, TypeError, ValueError):
        return None


def _reports(s3: Any, place: str, monitoring_type: MonitoringType, window: Window) -> Iterator[Run]:
    """The latest of the window."""
    folders: dict[str, tuple[datetime, datetime]] = {}
    bucket, _ = split_uri(place)
    for item in listed(s3, place, f"{window.start - HOUR:%Y/%m/%d/%H}"):
        found = _FOLDER.fullmatch(item["Key"])
        if found is None or found["file"] not in (STATISTICS_FILE, VIOLATIONS_FILE):
            continue
        scheduled = _moment(found.groups()[1:-1])
        if scheduled is not None and window.start - HOUR <= scheduled < window.end + HOUR:
            folders[found["folder"]] = (scheduled, item["LastModified"])
    for folder, (scheduled, changed) in sorted(folders.items())[-MOST_RUNS:]:
        yield _of_report(s3, f"s3://{bucket}/{folder}", place.rsplit("/", 1)[-1], monitoring_type, scheduled, changed)


def _moment(parts: Sequence[str | None]) -> datetime | None:
    try:
        year, month, day, hour, minute = (int(part or 0) for part in parts)
        return datetime(year, month, day, hour, minute, tzinfo=timezone.utc)
    except ValueError:
        return None


def _of_report(
    s3: Any, report: str, schedule: str, monitoring_type: MonitoringType, scheduled: datetime, changed: datetime
) -> Run:
    violations, problem = _violations(s3, report)
    status = WITH_VIOLATIONS if violations else COMPLETED
    execution = Execution(schedule, monitoring_type, status, scheduled, changed, None, report, violations, problem)
    records = _record_count(s3, execution)
    if records is None and problem is None:
        execution = replace(execution, problem=f"half a report: {report}/{STATISTICS_FILE} is missing or damaged")
    return Run(execution, records, recorded=False)


def _violations(s3: Any, report: str) -> tuple[tuple[Violation, ...], str | None]:
    try:
        return read_violations(s3, report), None
    except StoredFileMissing:
        # the file is there only where there are violations
        return (), None
    except StoredFileDamaged as error:
        return (), str(error)
