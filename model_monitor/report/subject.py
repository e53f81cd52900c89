"""What a report is about: the endpoint, its schedules, and the baseline that they compare with. Reads AWS."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from model_monitor.baseline import BaselineMissing, BaselineUnusable, files_of_package
from model_monitor.names import (
    DATA_QUALITY,
    MODEL_QUALITY,
    MonitoringType,
    on_demand_name,
    schedule_name,
)
from model_monitor.preprocessor import LOCAL_FILE
from model_monitor.report.baseline_profile import BaselineProfile, profile_of
from model_monitor.report.gaps import Gap
from model_monitor.schedule import Existing, InvalidSettings, find_schedule
from model_monitor.stored import StoredFileDamaged, StoredFileMissing, read_bytes, read_object
from pipelines.live_endpoint import EndpointMissing, LiveEndpoint, describe_endpoint

UNREADABLE_FILE = (StoredFileMissing, StoredFileDamaged)


@dataclass(frozen=True)
class Subject:
    """What there is of it; `gaps` says what is not. URIs are those of the schedule, else of the served package."""

    endpoint: str
    live: LiveEndpoint | None
    schedules: tuple[Existing, ...]
    package_arn: str | None = None
    statistics_uri: str | None = None
    constraints_uri: str | None = None
    preprocessor_uri: str | None = None
    quality_constraints_uri: str | None = None
    baseline: BaselineProfile | None = None
    gaps: tuple[Gap, ...] = ()

    def of_type(self, monitoring_type: MonitoringType) -> Existing | None:
        """The first schedule of the type: the regular one where it is there."""
        found = (one for one in self.schedules if one.definition.monitoring_type == monitoring_type)
        return next(found, None)


@dataclass(frozen=True)
class _Baseline:
    package_arn: str | None = None
    statistics: str | None = None
    constraints: str | None = None
    preprocessor: str | None = None
    quality_constraints: str | None = None


def find_subject(sagemaker: Any, s3: Any, endpoint: str, schedule: str | None) -> Subject:
    """Of one schedule, or of all of the endpoint's."""
    gaps: list[Gap] = []
    live = _endpoint(sagemaker, endpoint, gaps)
    wanted = [schedule] if schedule else _names(endpoint)
    schedules = tuple(found for name in wanted if (found := _schedule(sagemaker, name, gaps)) is not None)
    _tell_missing(endpoint, schedule, schedules, gaps)
    files = _baseline_files(sagemaker, live, schedules, gaps)
    baseline = _profile(s3, files, gaps)
    _compare_preprocessors(s3, files.preprocessor, gaps)
    return Subject(
        endpoint=endpoint,
        live=live,
        schedules=schedules,
        package_arn=files.package_arn,
        statistics_uri=files.statistics,
        constraints_uri=files.constraints,
        preprocessor_uri=files.preprocessor,
        quality_constraints_uri=files.quality_constraints,
        baseline=baseline,
        gaps=tuple(gaps),
    )


def _names(endpoint: str) -> list[str]:
    return [name(endpoint, kind) for kind in (DATA_QUALITY, MODEL_QUALITY) for name in (schedule_name, on_demand_name)]


def _endpoint(sagemaker: Any, name: str, gaps: list[Gap]) -> LiveEndpoint | None:
    try:
        live = describe_endpoint(sagemaker, name)
    except EndpointMissing:
        gaps.append(Gap(f"There is no endpoint {name}.", "`scones deploy` makes it; what it captured before is shown."))
        return None
    if live.capture_uri is None:
        gaps.append(
            Gap(
                f"Endpoint {name} captures nothing now.",
                "Deploy it on instances with CapturePercentage above 0; what was captured before is shown.",
            )
        )
    return live


def _schedule(sagemaker: Any, name: str, gaps: list[Gap]) -> Existing | None:
    try:
        return find_schedule(sagemaker, name)
    except InvalidSettings as error:
        gaps.append(Gap(f"{error}.", "Or name another schedule with --schedule."))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
            raise
        gaps.append(
            Gap(f"The job definition of schedule {name} is gone.", "`scones monitor schedule` makes the schedule anew.")
        )
    return None


def _tell_missing(endpoint: str, schedule: str | None, found: Sequence[Existing], gaps: list[Gap]) -> None:
    if schedule and not found and not gaps:
        gaps.append(Gap(f"There is no schedule {schedule}.", "`scones monitor status` lists those of the endpoint."))
    elif not schedule and not found:
        gaps.append(Gap(f"Nothing watches endpoint {endpoint} yet.", "`scones monitor schedule` makes its schedules."))


def _baseline_files(
    sagemaker: Any, live: LiveEndpoint | None, schedules: Sequence[Existing], gaps: list[Gap]
) -> _Baseline:
    """Those of the schedules, else those of the package that is served."""
    data = next((one.definition for one in schedules if one.definition.statistics), None)
    quality = next((one.definition for one in schedules if one.definition.monitoring_type == MODEL_QUALITY), None)
    own = _of_package(sagemaker, live.package_arn) if live and live.package_arn else None
    if data is None and own is None:
        gaps.append(
            Gap(
                "There is no baseline to compare with.",
                "`scones monitor baseline --renew` makes one from the live endpoint; `schedule` then uses it.",
            )
        )
    own = own or _Baseline()
    bars = quality.constraints if quality else own.quality_constraints
    if data is None:
        return _Baseline(own.package_arn, own.statistics, own.constraints, own.preprocessor, bars)
    _compare_packages(live, data.package_arn, gaps)
    return _Baseline(data.package_arn or None, data.statistics, data.constraints, data.preprocessor, bars)


def _of_package(sagemaker: Any, package_arn: str) -> _Baseline | None:
    try:
        files = files_of_package(sagemaker.describe_model_package(ModelPackageName=package_arn), package_arn)
    except (BaselineMissing, ClientError):
        return None
    return _Baseline(package_arn, files.statistics, files.constraints, files.preprocessor, files.quality_constraints)


def _compare_packages(live: LiveEndpoint | None, package_arn: str, gaps: list[Gap]) -> None:
    if live and live.package_arn and package_arn and package_arn != live.package_arn:
        gaps.append(
            Gap(
                f"Version {live.package_arn.rsplit('/', 1)[-1]} is served, and the schedule compares with the baseline "
                f"of version {package_arn.rsplit('/', 1)[-1]}.",
                "`scones monitor schedule` brings it up to date.",
            )
        )


def _profile(s3: Any, files: _Baseline, gaps: list[Gap]) -> BaselineProfile | None:
    if files.statistics is None:
        return None
    try:
        statistics = read_object(s3, files.statistics)
        constraints = read_object(s3, files.constraints) if files.constraints else {}
        return profile_of(statistics, constraints)
    except (*UNREADABLE_FILE, BaselineUnusable) as error:
        gaps.append(
            Gap(
                f"The baseline cannot be read: {error}.",
                "Restore the file, or make a new baseline: `scones monitor baseline --renew`.",
            )
        )
        return None


def _compare_preprocessors(s3: Any, uri: str | None, gaps: list[Gap]) -> None:
    """The schedule's file is read and never run: what lies in S3 may be anyone's."""
    if uri is None:
        return
    try:
        same = hashlib.sha256(read_bytes(s3, uri)).digest() == hashlib.sha256(LOCAL_FILE.read_bytes()).digest()
    except UNREADABLE_FILE as error:
        gaps.append(Gap(f"The record preprocessor is gone: {error}.", "`scones monitor schedule` puts it there again."))
        return
    if not same:
        gaps.append(
            Gap(
                "The schedule uses another record preprocessor than this version of the project.",
                "This page's own figures may differ from those of the executions: deploy a version made with this one.",
            )
        )
