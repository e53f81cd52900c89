"""The monitoring schedules of an endpoint and their latest executions, together. boto3 only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_monitor.execution import Execution, list_executions
from model_monitor.names import DATA_QUALITY, MODEL_QUALITY, MonitoringType, on_demand_name, schedule_name
from model_monitor.schedule import find_schedule


@dataclass(frozen=True)
class ScheduleStatus:
    """`status` is SageMaker's ScheduleStatus, `baseline` the S3 URI of the constraints; executions newest first."""

    name: str
    monitoring_type: MonitoringType
    status: str
    cron: str
    baseline: str | None
    executions: tuple[Execution, ...]


def monitoring_status(sagemaker: Any, s3: Any, endpoint: str, most: int) -> list[ScheduleStatus]:
    """The regular schedules and those on demand that are there, each with up to `most` executions (1 to 100)."""
    found = []
    for monitoring_type in (DATA_QUALITY, MODEL_QUALITY):
        for name_of in (schedule_name, on_demand_name):
            existing = find_schedule(sagemaker, name_of(endpoint, monitoring_type))
            if existing is not None:
                found.append(
                    ScheduleStatus(
                        name=existing.name,
                        monitoring_type=monitoring_type,
                        status=existing.status,
                        cron=existing.cron,
                        baseline=existing.definition.constraints,
                        executions=tuple(list_executions(sagemaker, s3, existing.name, most)),
                    )
                )
    return found
