"""The records of Model Monitor: what is kept, and what the API shows of it.

A schedule's body has what DescribeMonitoringSchedule shows, and besides:
    LastDue        the latest moment at which it was due and an execution was begun, or from which it counts; None
                   where it is to run once and has not yet
    LastExecution  the name of its latest execution's record
An execution's body has what ListMonitoringExecutions shows, and besides:
    WindowStart, WindowEnd   the time of which the captured data is analysed, the end excluded
    ReportS3Uri              the folder of its results
    JobNames                 the processing jobs that were begun for it
Its name is that of its schedule and of the job that analyses. A schedule that is deleted leaves its executions behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ResourceNotFound
from local_aws.sagemaker.store import Record, RecordNotFound

SCHEDULE, EXECUTION = "MonitoringSchedule", "MonitoringExecution"
DATA_QUALITY, MODEL_QUALITY = "DataQuality", "ModelQuality"
RUNNING = ("Pending", "InProgress", "Stopping")
SCHEDULE_INTERNALS = ("LastDue", "LastExecution")
OF_EXECUTION_SUMMARY = (
    *("MonitoringScheduleName", "ScheduledTime", "ProcessingJobArn", "EndpointName", "FailureReason"),
    *("MonitoringJobDefinitionName", "MonitoringType"),
)


def definition_kind(monitoring_type: str) -> str:
    """The kind of the records of job definitions: DataQualityJobDefinition, …"""
    return f"{monitoring_type}JobDefinition"


def find_schedule(context: Context, name: str) -> Record:
    """Raises ResourceNotFound."""
    try:
        return context.store.get(SCHEDULE, name)
    except RecordNotFound as error:
        raise ResourceNotFound(f"Could not find monitoring schedule with name: {name}") from error


def execution_summary(record: Record) -> dict[str, Any]:
    """A MonitoringExecutionSummary."""
    own = {
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
        "MonitoringExecutionStatus": record.status,
    }
    return {member: record.body[member] for member in OF_EXECUTION_SUMMARY if member in record.body} | own


def last_execution(context: Context, schedule: Mapping[str, Any]) -> Record | None:
    """The record of the latest execution of a schedule, given by its body."""
    name = schedule.get("LastExecution")
    try:
        return context.store.get(EXECUTION, name) if name else None
    except RecordNotFound:
        return None
