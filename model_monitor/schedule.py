"""The two schedules of an endpoint: data quality and model quality, made once and brought up to date.

A schedule runs a job definition, which SageMaker never changes: new settings are a new definition. What exists is read
with boto3 and compared with what is wanted, and the SDK is only loaded where there is something to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_monitor.baseline import Baseline
from model_monitor.cron import HOURLY, hours_between, offset
from model_monitor.job_definition import JobDefinition, Quality, Resources, describe, read
from model_monitor.names import (
    DATA_QUALITY,
    MODEL_QUALITY,
    SUFFIXES,
    MonitoringType,
    Places,
    check_names,
    schedule_name,
)

if TYPE_CHECKING:
    from pipelines.session import Target

# People answer the review queue by the next day: a prediction is judged a day after it was made.
LABELS_AFTER_HOURS = 24
LONGEST_RUNTIME_SECONDS = 3600
# of hourly model quality schedules, which merge first (API reference, MonitoringStoppingCondition)
LONGEST_QUALITY_RUNTIME_SECONDS = 1800


class InvalidSettings(ValueError):
    """Settings that no schedule can have; the message says which."""


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    labels_after_hours: how long after a prediction its label is there, 0 to 720. Model quality looks that far back, by
    StartTimeOffset and EndTimeOffset; data quality looks at the hours since the execution before.
    threshold: the probability of a motorcycle from which on it is one, 0 to 1.
    """

    cron: str = HOURLY
    labels_after_hours: int = LABELS_AFTER_HOURS
    threshold: float = 0.5
    resources: Resources = field(default_factory=Resources)


@dataclass(frozen=True)
class Outcome:
    """`action` is "created", "updated", "replaced" or "unchanged"; `changes` names the settings that were otherwise."""

    name: str
    monitoring_type: MonitoringType
    action: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Existing:
    """A schedule as it is; `cron` is "" where the service chose the time."""

    name: str
    definition_name: str
    definition: JobDefinition
    cron: str
    status: str


def put_schedules(target: Target, endpoint: str, baseline: Baseline, settings: Settings) -> list[Outcome]:
    """Make the schedules as wanted, data quality first. Model quality needs the baseline's constraints for it.

    Run twice it changes nothing. Raises InvalidSettings, UnsupportedCron, NameTooLong.
    """
    check_settings(settings)
    check_names(endpoint)
    return [
        _put(target, schedule_name(endpoint, wanted.monitoring_type), wanted, settings.cron)
        for wanted in wanted_definitions(target, endpoint, baseline, settings)
    ]


def check_settings(settings: Settings) -> None:
    """Raises InvalidSettings, UnsupportedCron."""
    hours_between(settings.cron)
    if not 0 <= settings.labels_after_hours <= 720:
        raise InvalidSettings(f"labels may take 0 to 720 hours, not {settings.labels_after_hours}")
    if not 0 < settings.threshold < 1:
        raise InvalidSettings(f"the threshold is a probability between 0 and 1, not {settings.threshold}")
    check_resources(settings.resources)


def check_resources(resources: Resources) -> None:
    """Raises InvalidSettings."""
    # an execution has to end before the next one, and the next one may be an hour later
    if not 1 <= resources.max_runtime_seconds <= LONGEST_RUNTIME_SECONDS:
        raise InvalidSettings(
            f"an execution may take 1 to {LONGEST_RUNTIME_SECONDS} s, not {resources.max_runtime_seconds}"
        )
    if bool(resources.subnets) != bool(resources.security_group_ids):
        raise InvalidSettings("subnets and security groups belong together: give both, or neither")


def wanted_definitions(target: Target, endpoint: str, baseline: Baseline, settings: Settings) -> list[JobDefinition]:
    """What the schedules are to run; that of model quality only where the baseline has constraints for it."""
    places, hours = Places(target.bucket), hours_between(settings.cron)
    data = JobDefinition(
        monitoring_type=DATA_QUALITY,
        endpoint=endpoint,
        package_arn=baseline.package_arn,
        role_arn=target.role_arn,
        constraints=baseline.constraints,
        statistics=baseline.statistics,
        preprocessor=baseline.preprocessor,
        output=places.reports,
        start_offset=offset(hours),
        end_offset=offset(0),
        resources=settings.resources,
    )
    if baseline.quality_constraints is None:
        return [data]
    late = settings.labels_after_hours
    quality_runtime = min(settings.resources.max_runtime_seconds, LONGEST_QUALITY_RUNTIME_SECONDS)
    quality = replace(
        data,
        monitoring_type=MODEL_QUALITY,
        constraints=baseline.quality_constraints,
        statistics=None,
        preprocessor=None,
        resources=replace(settings.resources, max_runtime_seconds=quality_runtime),
        start_offset=offset(late + hours),
        end_offset=offset(late),
        quality=Quality(places.ground_truth(endpoint), threshold=settings.threshold),
    )
    return [data, quality]


def find_schedule(sagemaker: Any, name: str) -> Existing | None:
    """The schedule of that name, None if there is none."""
    try:
        found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFound":
            return None
        raise
    config = found["MonitoringScheduleConfig"]
    monitoring_type, definition_name = config.get("MonitoringType"), config.get("MonitoringJobDefinitionName")
    if monitoring_type not in SUFFIXES or not definition_name:
        raise InvalidSettings(
            f"schedule {name} was not made by this project ({monitoring_type or 'an inline definition'}): "
            "delete it first"
        )
    return Existing(
        name=name,
        definition_name=definition_name,
        definition=read(monitoring_type, describe(sagemaker, monitoring_type, definition_name)),
        cron=config.get("ScheduleConfig", {}).get("ScheduleExpression", ""),
        status=found["MonitoringScheduleStatus"],
    )


def _put(target: Target, name: str, wanted: JobDefinition, cron: str) -> Outcome:
    from model_monitor.sdk_monitor import create_schedule, delete_schedule, update_schedule

    existing = find_schedule(target.client("sagemaker"), name)
    if existing is None:
        create_schedule(target, name, wanted, cron)
        return Outcome(name, wanted.monitoring_type, "created")
    changes = differences(existing, wanted, cron)
    if not changes:
        return Outcome(name, wanted.monitoring_type, "unchanged")
    if _cannot_be_updated(existing.definition, wanted):
        delete_schedule(target, name, existing.definition, existing.definition_name)
        create_schedule(target, name, wanted, cron)
        return Outcome(name, wanted.monitoring_type, "replaced", changes)
    update_schedule(target, name, wanted, cron, existing.definition_name)
    delete_unused(target.client("sagemaker"), wanted.monitoring_type, existing.definition_name)
    return Outcome(name, wanted.monitoring_type, "updated", changes)


def differences(existing: Existing, wanted: JobDefinition, cron: str) -> tuple[str, ...]:
    """The names of the settings that are not as wanted, those of resources and quality by themselves."""
    now = existing.definition
    found = ["cron"] if existing.cron != cron else []
    for each in fields(JobDefinition):
        one, other = getattr(now, each.name), getattr(wanted, each.name)
        if isinstance(one, (Resources, Quality)) and type(one) is type(other):
            found += [inner.name for inner in fields(one) if getattr(one, inner.name) != getattr(other, inner.name)]
        elif one != other:
            found.append(each.name)
    return tuple(found)


def delete_unused(sagemaker: Any, monitoring_type: MonitoringType, definition_name: str) -> bool:
    """Delete a job definition that no schedule runs; whether it was deleted."""
    if sagemaker.list_monitoring_schedules(MonitoringJobDefinitionName=definition_name)["MonitoringScheduleSummaries"]:
        return False
    if monitoring_type == DATA_QUALITY:
        sagemaker.delete_data_quality_job_definition(JobDefinitionName=definition_name)
    else:
        sagemaker.delete_model_quality_job_definition(JobDefinitionName=definition_name)
    return True


def _cannot_be_updated(now: JobDefinition, wanted: JobDefinition) -> bool:
    # the SDK merges what is wanted into what is there, so it can add and change a key, and not take it away
    return now.resources.kms_key is not None and wanted.resources.kms_key is None
