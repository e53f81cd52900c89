"""A monitoring execution now: a one-time schedule beside the regular one, with its job on the last hours. boto3 only.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-scheduling.html ("NOW")
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from model_monitor.cron import NOW, offset
from model_monitor.execution import ENDED, Execution, read_execution, summaries
from model_monitor.job_definition import describe
from model_monitor.names import (
    DATA_QUALITY,
    MAX_NAME_LENGTH,
    MonitoringType,
    check_names,
    on_demand_name,
    schedule_name,
)
from model_monitor.schedule import Existing, delete_unused, find_schedule

MAX_HOURS = 24
# An execution may wait for a machine, and takes as long as its job may.
GRACE_SECONDS = 1800
DELETION_SECONDS = 300
ANSWERED_ONLY = ("JobDefinitionArn", "JobDefinitionName", "CreationTime", "ResponseMetadata")
OFFSETS = ("StartTimeOffset", "EndTimeOffset")


class ScheduleMissing(LookupError):
    """The endpoint has no such schedule; the message says how to make one."""


class MonitoringRefused(ValueError):
    """An execution that cannot be started now; the message says why."""


class MonitoringTimedOut(TimeoutError):
    """We stopped waiting; the execution itself goes on."""


@dataclass(frozen=True)
class Waiting:
    """How to wait: `poll_seconds` between two looks, `sleep` waits so many seconds, `on_status` is told the status."""

    poll_seconds: float
    sleep: Callable[[float], None] = time.sleep
    on_status: Callable[[str], None] = lambda status: None


def run_now(
    sagemaker: Any, s3: Any, endpoint: str, monitoring_type: MonitoringType, hours: int, waiting: Waiting
) -> Execution:
    """Analyse the last `hours` (1 to 24) with what the schedule of that type runs, and follow it to its end.

    The earlier one-time schedule of the name is deleted first. Raises ScheduleMissing, MonitoringRefused, NameTooLong,
    MonitoringTimedOut.
    """
    if not 1 <= hours <= MAX_HOURS:
        raise MonitoringRefused(f"an execution can look back 1 to {MAX_HOURS} hours, not {hours}")
    check_names(endpoint)
    regular, name = schedule_name(endpoint, monitoring_type), on_demand_name(endpoint, monitoring_type)
    scheduled = find_schedule(sagemaker, regular)
    if scheduled is None:
        raise ScheduleMissing(f"there is no schedule {regular}: `scones monitor schedule` makes it")
    _clear(sagemaker, find_schedule(sagemaker, name), waiting)
    definition_name = _copy_definition(sagemaker, monitoring_type, scheduled.definition_name, name)
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "MonitoringJobDefinitionName": definition_name,
            "MonitoringType": monitoring_type,
            "ScheduleConfig": {
                "ScheduleExpression": NOW,
                "DataAnalysisStartTime": offset(hours),
                "DataAnalysisEndTime": offset(0),
            },
        },
    )
    patience = scheduled.definition.resources.max_runtime_seconds + GRACE_SECONDS
    return read_execution(sagemaker, s3, _follow(sagemaker, name, patience, waiting))


def _clear(sagemaker: Any, earlier: Existing | None, waiting: Waiting) -> None:
    """Delete the schedule of an earlier run, and its job definition. Raises MonitoringRefused while it runs."""
    if earlier is None:
        return
    under_way = [one for one in summaries(sagemaker, earlier.name, 1) if one["MonitoringExecutionStatus"] not in ENDED]
    if under_way:
        status = under_way[0]["MonitoringExecutionStatus"]
        raise MonitoringRefused(f"{earlier.name} is {status} already: wait until it has ended, then run it again")
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName=earlier.name)
    waited = 0.0
    while find_schedule(sagemaker, earlier.name) is not None:
        if waited >= DELETION_SECONDS:
            raise MonitoringTimedOut(f"schedule {earlier.name} was deleted {waited:.0f} s ago and is still there")
        waiting.sleep(waiting.poll_seconds)
        waited += waiting.poll_seconds
    delete_unused(sagemaker, earlier.definition.monitoring_type, earlier.definition_name)


def _copy_definition(sagemaker: Any, monitoring_type: MonitoringType, source: str, base_name: str) -> str:
    """The schedule's job definition without its own offsets, which would go before those of the run; its name."""
    described = describe(sagemaker, monitoring_type, source)
    request = {member: value for member, value in described.items() if member not in ANSWERED_ONLY}
    job_input = request[f"{monitoring_type}JobInput"]
    endpoint_input = {member: value for member, value in job_input["EndpointInput"].items() if member not in OFFSETS}
    request[f"{monitoring_type}JobInput"] = {**job_input, "EndpointInput": endpoint_input}
    name = definition_name(base_name, request)
    create = (
        sagemaker.create_data_quality_job_definition
        if monitoring_type == DATA_QUALITY
        else sagemaker.create_model_quality_job_definition
    )
    try:
        create(JobDefinitionName=name, **request)
    except ClientError as error:
        # the name names the content: one of that name is this one
        if error.response["Error"]["Code"] != "ResourceInUse":
            raise
    return name


def definition_name(base_name: str, request: dict[str, Any]) -> str:
    """A name that two requests share only if they are the same: base and digest, at most 63 characters."""
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]
    return f"{base_name[: MAX_NAME_LENGTH - len(digest) - 1].rstrip('-')}-{digest}"


def _follow(sagemaker: Any, name: str, patience: float, waiting: Waiting) -> dict[str, Any]:
    waited = 0.0
    while True:
        found = summaries(sagemaker, name, 1)
        status = found[0]["MonitoringExecutionStatus"] if found else "Pending"
        waiting.on_status(status)
        if status in ENDED:
            return found[0]
        if not found:
            _require_alive(sagemaker, name)
        if waited >= patience:
            raise MonitoringTimedOut(f"{name} is {status} after {waited:.0f} s, and goes on: `scones monitor status`")
        waiting.sleep(waiting.poll_seconds)
        waited += waiting.poll_seconds


def _require_alive(sagemaker: Any, name: str) -> None:
    """Raises MonitoringRefused for a schedule that failed before it made an execution."""
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    if described["MonitoringScheduleStatus"] == "Failed":
        raise MonitoringRefused(f"schedule {name} failed: {described.get('FailureReason', 'no reason given')}")
