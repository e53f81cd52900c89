"""Monitoring schedules: CreateMonitoringSchedule, Update, Describe, List, Start, Stop, Delete."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ResourceInUse, ResourceLimitExceeded
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.monitoring.job import MonitoringJob
from local_aws.sagemaker.monitoring.records import (
    SCHEDULE,
    SCHEDULE_INTERNALS,
    execution_summary,
    find_schedule,
    last_execution,
)
from local_aws.sagemaker.monitoring.scheduling import check_config
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.store import Record, RecordExists

MOST_SCHEDULES = 100
WORKER = "monitoring"
LISTING = RecordListing(
    "ListMonitoringSchedules",
    filters={
        "EndpointName": lambda record, name: record.body["EndpointName"] == name,
        "MonitoringJobDefinitionName": lambda record, name: _definition_name(record) == name,
        "MonitoringTypeEquals": lambda record, wanted: record.body["MonitoringType"] == wanted,
    },
    descending=True,
)


@operation("CreateMonitoringSchedule")
def create_monitoring_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name, config = request["MonitoringScheduleName"], request["MonitoringScheduleConfig"]
    job = check_config(context, name, config)
    if len(context.store.all(SCHEDULE)) >= MOST_SCHEDULES:
        raise ResourceLimitExceeded(f"There are {MOST_SCHEDULES} monitoring schedules already: delete some.")
    arn = context.arn(f"monitoring-schedule/{name}")
    try:
        context.store.insert(SCHEDULE, name, arn, {"MonitoringScheduleName": name, **_of(job, config)}, "Pending")
    except RecordExists as error:
        raise ResourceInUse(
            "Monitoring schedule names must be unique within an AWS account and region, and a monitoring schedule "
            f"with this name already exists ({arn})"
        ) from error
    keep_tags(context, arn, request)
    context.workers[WORKER].start(SCHEDULE, name)
    return {"MonitoringScheduleArn": arn}


@operation("UpdateMonitoringSchedule")
def update_monitoring_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record, config = find_schedule(context, request["MonitoringScheduleName"]), request["MonitoringScheduleConfig"]
    changes = _of(check_config(context, record.name, config), config)
    context.store.edit(SCHEDULE, record.name, lambda present: (_pending(present), {**present.body, **changes}))
    _take_up(context, record.name)
    return {"MonitoringScheduleArn": record.arn}


@operation("DescribeMonitoringSchedule")
def describe_monitoring_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_schedule(context, request["MonitoringScheduleName"])
    last = last_execution(context, record.body)
    return {
        **{member: value for member, value in record.body.items() if member not in SCHEDULE_INTERNALS},
        **_times_and_status(record),
        **({"LastMonitoringExecutionSummary": execution_summary(last)} if last else {}),
    }


@operation("ListMonitoringSchedules")
def list_monitoring_schedules(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return LISTING.answer(context.store.all(SCHEDULE), request, "MonitoringScheduleSummaries", _summary)


@operation("StartMonitoringSchedule")
def start_monitoring_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_schedule(context, request["MonitoringScheduleName"])
    if record.status != "Scheduled":
        context.store.update(SCHEDULE, record.name, "Pending")
        _take_up(context, record.name)
    return {}


@operation("StopMonitoringSchedule")
def stop_monitoring_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_schedule(context, request["MonitoringScheduleName"])
    context.store.update(SCHEDULE, record.name, "Stopped")
    context.workers[WORKER].stop(SCHEDULE, record.name)
    return {}


@operation("DeleteMonitoringSchedule")
def delete_monitoring_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_schedule(context, request["MonitoringScheduleName"])
    context.store.delete(SCHEDULE, record.name)
    context.workers[WORKER].stop(SCHEDULE, record.name)
    return {}


def _of(job: MonitoringJob, config: dict[str, Any]) -> dict[str, Any]:
    return {
        "MonitoringScheduleConfig": config,
        "MonitoringType": job.monitoring_type,
        "EndpointName": job.endpoint_name,
        "LastDue": None,
    }


def _pending(record: Record) -> str:
    """A schedule that was stopped stays so, whatever it is changed to."""
    return "Stopped" if record.status == "Stopped" else "Pending"


def _take_up(context: Context, name: str) -> None:
    if find_schedule(context, name).status == "Pending":
        context.workers[WORKER].start(SCHEDULE, name)


def _definition_name(record: Record) -> str | None:
    name: str | None = record.body["MonitoringScheduleConfig"].get("MonitoringJobDefinitionName")
    return name


def _times_and_status(record: Record) -> dict[str, Any]:
    return {
        "MonitoringScheduleArn": record.arn,
        "MonitoringScheduleStatus": record.status,
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
    }


def _summary(record: Record) -> dict[str, Any]:
    return {
        "MonitoringScheduleName": record.name,
        "EndpointName": record.body["EndpointName"],
        "MonitoringType": record.body["MonitoringType"],
        "MonitoringJobDefinitionName": _definition_name(record),
        **_times_and_status(record),
    }
