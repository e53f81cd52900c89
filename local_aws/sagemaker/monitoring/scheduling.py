"""What the configuration of a monitoring schedule says of when to run, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.monitoring.job import MonitoringJob, job_of
from local_aws.sagemaker.monitoring.records import MODEL_QUALITY
from local_aws.sagemaker.monitoring.schedule_expression import ScheduleExpression
from local_aws.sagemaker.monitoring.windows import check_window
from local_aws.sagemaker.store import Record

HOUR = timedelta(hours=1)
# the merge of an hourly model quality job takes the other half of the hour
HALF_AN_HOUR = timedelta(minutes=30)


def expression_of(schedule: Record) -> ScheduleExpression:
    """When a schedule runs."""
    return _expression(schedule.name, schedule.body["MonitoringScheduleConfig"])


def check_config(context: Context, name: str, config: Mapping[str, Any]) -> MonitoringJob:
    """What the configuration of the schedule `name` monitors. Raises ValidationException for what cannot be run."""
    expression, job = _expression(name, config), job_of(context, config)
    check_window(config.get("ScheduleConfig") or {}, expression)
    longest = _longest(job, expression)
    if job.most_seconds is not None and job.most_seconds > longest.total_seconds():
        raise ValidationException(
            f"MaxRuntimeInSeconds {job.most_seconds} is more than the {int(longest.total_seconds())} seconds that a "
            f"{job.monitoring_type} job of this schedule may take."
        )
    return job


def most_seconds(job: MonitoringJob, expression: ScheduleExpression) -> int:
    """How long each processing job of an execution may take."""
    return job.most_seconds or int(_longest(job, expression).total_seconds())


def _expression(name: str, config: Mapping[str, Any]) -> ScheduleExpression:
    schedule = config.get("ScheduleConfig")
    return ScheduleExpression.parse(schedule["ScheduleExpression"]) if schedule else ScheduleExpression.daily(name)


def _longest(job: MonitoringJob, expression: ScheduleExpression) -> timedelta:
    """As botocore's MonitoringStoppingCondition documents it."""
    return HALF_AN_HOUR if job.monitoring_type == MODEL_QUALITY and expression.period == HOUR else expression.period
