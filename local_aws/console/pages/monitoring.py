"""Model Monitor's schedules, and what their executions found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.console.paging import PAGE_SIZE, Page, page_number
from local_aws.console.view import View, Visit
from local_aws.console.wording import last_part
from local_aws.objects import ObjectNotFound, ObjectStore, S3Uri
from local_aws.sagemaker.jobs.job import LOG_GROUPS
from local_aws.sagemaker.monitoring.captured import below
from local_aws.sagemaker.monitoring.job_requests import MERGE
from local_aws.sagemaker.monitoring.records import EXECUTION, RUNNING, SCHEDULE, definition_kind, last_execution
from local_aws.sagemaker.store import Record, RecordNotFound, Store

REPORTED = ("Completed", "CompletedWithViolations")
VIOLATIONS_FILE = "constraint_violations.json"
LARGEST_REPORT_BYTES = 1_000_000
MOST_VIOLATIONS_SHOWN = 30
OFFSETS = (("DataAnalysisStartTime", "DataAnalysisEndTime"), ("StartTimeOffset", "EndTimeOffset"))


@dataclass(frozen=True)
class ScheduleRow:
    """One schedule. `window` says which time a run looks at, `baseline` what it is held against, by what that is."""

    record: Record
    monitoring_type: str
    endpoint: str
    expression: str
    window: str
    baseline: Mapping[str, str]
    last: Record | None


@dataclass(frozen=True)
class Violation:
    """One line of a report."""

    feature: str
    check: str
    description: str


@dataclass(frozen=True)
class ExecutionRow:
    """One execution. `violations` are those that it found; None where it reported nothing, or nothing to be read.

    `jobs` are the processing jobs, each with what a link to its logs says.
    """

    record: Record
    start: datetime | None
    end: datetime | None
    report: str
    violations: Sequence[Violation] | None
    jobs: Mapping[str, str]


def monitoring(visit: Visit) -> View:
    """The schedules, and the latest executions of all of them."""
    sources = visit.sources
    context, records = sources.context, sources.records
    number = page_number(visit.request.args)
    found = [
        _find(context.store, EXECUTION, name) for name in records.names(EXECUTION, (number - 1) * PAGE_SIZE, PAGE_SIZE)
    ]
    rows = [_execution(context.objects, record) for record in found if record is not None]
    schedules = context.store.all(SCHEDULE)[::-1]
    values = {
        "schedules": [_schedule(context.store, record, last_execution(context, record.body)) for record in schedules],
        "shown": Page(rows, number, records.count(EXECUTION)),
        "most": MOST_VIOLATIONS_SHOWN,
        "log_group": LOG_GROUPS["ProcessingJob"],
    }
    statuses = records.statuses(EXECUTION)
    running = sum(statuses.get(status, 0) for status in RUNNING)
    news = f"{running} running, {statuses.get('CompletedWithViolations', 0)} with violations"
    return View("monitoring.html", "Monitoring", values, live=running > 0, news=news)


def _schedule(store: Store, record: Record, last: Record | None) -> ScheduleRow:
    config = record.body.get("MonitoringScheduleConfig") or {}
    when = config.get("ScheduleConfig") or {}
    monitoring_type = record.body.get("MonitoringType") or config.get("MonitoringType", "")
    definition = config.get("MonitoringJobDefinition") or _definition(store, config, monitoring_type)
    return ScheduleRow(
        record,
        monitoring_type,
        record.body.get("EndpointName", ""),
        when.get("ScheduleExpression", "once a day"),
        _window(when, _endpoint_input(definition, monitoring_type)),
        _baseline(definition, monitoring_type),
        last,
    )


def _definition(store: Store, config: Mapping[str, Any], monitoring_type: str) -> Mapping[str, Any]:
    found = _find(store, definition_kind(monitoring_type), config.get("MonitoringJobDefinitionName", ""))
    return found.body if found else {}


def _endpoint_input(definition: Mapping[str, Any], monitoring_type: str) -> Mapping[str, Any]:
    inline = definition.get("MonitoringInputs")
    inputs = inline[0] if inline else definition.get(f"{monitoring_type}JobInput") or {}
    found: Mapping[str, Any] = inputs.get("EndpointInput") or {}
    return found


def _window(schedule: Mapping[str, Any], endpoint_input: Mapping[str, Any]) -> str:
    for given, (start, end) in zip((endpoint_input, schedule), reversed(OFFSETS), strict=True):
        if given.get(start) or given.get(end):
            return f"{given.get(start, '')} to {given.get(end, 'PT0H')}"
    return "since the run before"


def _baseline(definition: Mapping[str, Any], monitoring_type: str) -> Mapping[str, str]:
    config = definition.get("BaselineConfig") or definition.get(f"{monitoring_type}BaselineConfig") or {}
    named = {name: config.get(f"{name}Resource") or {} for name in ("Constraints", "Statistics")}
    return {name: resource["S3Uri"] for name, resource in named.items() if resource.get("S3Uri")}


def _execution(objects: ObjectStore, record: Record) -> ExecutionRow:
    body = record.body
    report = body.get("ReportS3Uri", "")
    names = body.get("JobNames") or [last_part(arn) for arn in [body.get("ProcessingJobArn")] if arn]
    jobs = {name: "Merge" if name.startswith(MERGE) else "Logs" for name in names}
    violations = _violations(objects, report) if report and record.status in REPORTED else None
    return ExecutionRow(record, body.get("WindowStart"), body.get("WindowEnd"), report, violations, jobs)


def _violations(objects: ObjectStore, report: str) -> Sequence[Violation] | None:
    uri = below(S3Uri.parse(report), VIOLATIONS_FILE)
    try:
        if objects.size(uri.bucket, uri.key) > LARGEST_REPORT_BYTES:
            return None
        found = json.loads(objects.read(uri.bucket, uri.key))["violations"]
        members = ("feature_name", "constraint_check_type", "description")
        return [Violation(*(str(each.get(member, "")) for member in members)) for each in found]
    except ObjectNotFound:
        return []  # what found no violation need not write any
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _find(store: Store, kind: str, name: str) -> Record | None:
    try:
        return store.get(kind, name)
    except RecordNotFound:
        return None
