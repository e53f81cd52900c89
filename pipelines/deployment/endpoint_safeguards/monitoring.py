"""The endpoint's monitoring schedules follow the version that serves: to its baselines, by its preprocessor.

A schedule runs a job definition, which is never changed: a new one is made after it, and the schedule is told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from .aws import Aws, error_code
from .packages import describe_package

# monitoring type -> end of the schedule's name, as model_monitor/names.py has it
SCHEDULES = {"DataQuality": "data-quality", "ModelQuality": "model-quality"}
# where model_monitor/job_definition.py writes whose baseline it is, and the metadata that names the preprocessor
PACKAGE_VARIABLE = "model_package_arn"
PREPROCESSOR_METADATA = "record_preprocessor"
ANSWERED_ONLY = ("JobDefinitionArn", "JobDefinitionName", "CreationTime", "ResponseMetadata")
MAX_NAME_LENGTH = 63
APPLY_SECONDS, POLL_SECONDS = 60, 2


def move_schedules(aws: Aws, endpoint_name: str, package_arn: str | None, sleep: Callable[[float], None]) -> str:
    """Move the endpoint's schedules to the package that it serves; what was done, in words.

    A schedule is left alone where it is the package's already, or the package has no baseline for it.
    """
    told = []
    for monitoring_type, suffix in SCHEDULES.items():
        schedule = _describe(aws, f"{endpoint_name}-{suffix}")
        if schedule is not None:
            told.append(f"{endpoint_name}-{suffix} {_move(aws, monitoring_type, schedule, package_arn, sleep)}")
    return "; ".join(told) or "nothing scheduled"


def _move(
    aws: Aws,
    monitoring_type: str,
    schedule: Mapping[str, Any],
    package_arn: str | None,
    sleep: Callable[[float], None],
) -> str:
    config, name = schedule["MonitoringScheduleConfig"], schedule["MonitoringScheduleName"]
    old = config.get("MonitoringJobDefinitionName")
    if package_arn is None:
        return "is left: the endpoint serves no model package"
    if config.get("MonitoringType") != monitoring_type or not old:
        return "is left: it was not made by this project"
    version = package_arn.rpartition("/")[2]
    described = _describe_definition(aws, monitoring_type, old)
    if described[f"{monitoring_type}AppSpecification"].get("Environment", {}).get(PACKAGE_VARIABLE) == package_arn:
        return f"watches version {version} already"
    baseline = baseline_of(describe_package(aws, package_arn), monitoring_type)
    if baseline is None:
        return f"is left as it was: version {version} carries no baseline for it"
    request = moved(described, monitoring_type, package_arn, *baseline)
    new = definition_name(name, request)
    _create_definition(aws, monitoring_type, new, request)
    aws.sagemaker.update_monitoring_schedule(
        MonitoringScheduleName=name, MonitoringScheduleConfig={**config, "MonitoringJobDefinitionName": new}
    )
    _delete_unused(aws, monitoring_type, name, old, sleep)
    return f"watches version {version} now"


def baseline_of(package: Mapping[str, Any], monitoring_type: str) -> tuple[dict[str, Any], str | None] | None:
    """The BaselineConfig from a described package, and the URI of the preprocessor that goes with it.

    None where the package has no baseline of that type.
    """
    baselines = package.get("DriftCheckBaselines", {})
    quality = monitoring_type == "ModelQuality"
    files = baselines.get("ModelQuality" if quality else "ModelDataQuality", {})
    members = ["Constraints"] if quality else ["Constraints", "Statistics"]
    if any(member not in files for member in members):
        return None
    config = {f"{member}Resource": {"S3Uri": files[member]["S3Uri"]} for member in members}
    return config, package.get("CustomerMetadataProperties", {}).get(PREPROCESSOR_METADATA)


def moved(
    described: Mapping[str, Any],
    monitoring_type: str,
    package_arn: str,
    baseline_config: Mapping[str, Any],
    preprocessor: str | None,
) -> dict[str, Any]:
    """The request for a definition like the described one, with that baseline. All other settings stay."""
    request = {member: value for member, value in described.items() if member not in ANSWERED_ONLY}
    application = dict(request[f"{monitoring_type}AppSpecification"])
    application["Environment"] = {**application.get("Environment", {}), PACKAGE_VARIABLE: package_arn}
    if preprocessor and "RecordPreprocessorSourceUri" in application:
        application["RecordPreprocessorSourceUri"] = preprocessor
    request[f"{monitoring_type}AppSpecification"] = application
    request[f"{monitoring_type}BaselineConfig"] = dict(baseline_config)
    return request


def definition_name(schedule_name: str, request: Mapping[str, Any]) -> str:
    """A name that two requests share only if they are the same, at most 63 characters."""
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]
    return f"{schedule_name[: MAX_NAME_LENGTH - len(digest) - 1].rstrip('-')}-{digest}"


def _describe(aws: Aws, name: str) -> dict[str, Any] | None:
    if len(name) > MAX_NAME_LENGTH:
        return None  # no schedule can have that name
    try:
        found: dict[str, Any] = aws.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    except ClientError as error:
        if error_code(error) == "ResourceNotFound":
            return None
        raise
    return found


def _describe_definition(aws: Aws, monitoring_type: str, name: str) -> dict[str, Any]:
    found: dict[str, Any]
    if monitoring_type == "ModelQuality":
        found = aws.sagemaker.describe_model_quality_job_definition(JobDefinitionName=name)
    else:
        found = aws.sagemaker.describe_data_quality_job_definition(JobDefinitionName=name)
    return found


def _create_definition(aws: Aws, monitoring_type: str, name: str, request: Mapping[str, Any]) -> None:
    try:
        if monitoring_type == "ModelQuality":
            aws.sagemaker.create_model_quality_job_definition(JobDefinitionName=name, **request)
        else:
            aws.sagemaker.create_data_quality_job_definition(JobDefinitionName=name, **request)
    except ClientError as error:
        # the name names the content, so it is ours, of an attempt that got no further
        if error_code(error) != "ResourceInUse":
            raise


def _delete_unused(
    aws: Aws, monitoring_type: str, schedule_name: str, old: str, sleep: Callable[[float], None]
) -> None:
    """Delete the definition that the schedule had, unless another schedule runs it."""
    waited = 0
    while _is_pending(aws, schedule_name) and waited < APPLY_SECONDS:
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS
    if aws.sagemaker.list_monitoring_schedules(MonitoringJobDefinitionName=old)["MonitoringScheduleSummaries"]:
        return
    if monitoring_type == "ModelQuality":
        aws.sagemaker.delete_model_quality_job_definition(JobDefinitionName=old)
    else:
        aws.sagemaker.delete_data_quality_job_definition(JobDefinitionName=old)


def _is_pending(aws: Aws, schedule_name: str) -> bool:
    """A schedule that was changed locks its old definition until the change applies."""
    found = _describe(aws, schedule_name)
    return found is not None and found["MonitoringScheduleStatus"] == "Pending"
