"""Executions of monitoring schedules: as they were, and what they found. boto3 only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from model_monitor.stored import StoredFileDamaged, StoredFileMissing, read_object

COMPLETED, WITH_VIOLATIONS, FAILED, STOPPED = "Completed", "CompletedWithViolations", "Failed", "Stopped"
ENDED = frozenset({COMPLETED, WITH_VIOLATIONS, FAILED, STOPPED})
VIOLATIONS_FILE = "constraint_violations.json"
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html, and of model quality
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
CHECKS = {
    "data_type_check": "other types of values",
    "completeness_check": "values are missing",
    "baseline_drift_check": "drifted from the baseline",
    "missing_column_check": "the feature is missing",
    "extra_column_check": "a feature that the baseline does not have",
    "categorical_values_check": "values that the baseline does not have",
    "GreaterThanThreshold": "above its bar",
    "LessThanThreshold": "below its bar",
}


@dataclass(frozen=True)
class Violation:
    """One entry of constraint_violations.json. `name` is that of a feature, in model quality of a metric."""

    name: str
    constraint_check_type: str
    description: str

    @property
    def words(self) -> str:
        """As a person says it: `brightness: drifted from the baseline. Baseline drift distance …`."""
        check = CHECKS.get(self.constraint_check_type, self.constraint_check_type)
        return f"{self.name}: {check}. {' '.join(self.description.split())}".rstrip()


@dataclass(frozen=True)
class Execution:
    """`status` is SageMaker's ExecutionStatus. `report` is the prefix of its files, None where it has written none.

    `violations` are those of an execution that completed with some; `problem` says why they could not be read.
    """

    schedule: str
    monitoring_type: str
    status: str
    scheduled: datetime
    changed: datetime
    reason: str | None
    report: str | None
    violations: tuple[Violation, ...] = ()
    problem: str | None = None


def list_executions(sagemaker: Any, s3: Any, schedule: str, most: int) -> list[Execution]:
    """The schedule's latest executions, newest first; none for a schedule that is not there."""
    return [read_execution(sagemaker, s3, summary) for summary in summaries(sagemaker, schedule, most)]


def summaries(sagemaker: Any, schedule: str, most: int) -> list[dict[str, Any]]:
    """As ListMonitoringExecutions has them, newest first; none for a schedule that is not there."""
    try:
        answer = sagemaker.list_monitoring_executions(
            MonitoringScheduleName=schedule, SortBy="ScheduledTime", SortOrder="Descending", MaxResults=most
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFound":
            return []
        raise
    found: list[dict[str, Any]] = answer["MonitoringExecutionSummaries"]
    return found


def read_execution(sagemaker: Any, s3: Any, summary: Mapping[str, Any]) -> Execution:
    """The execution of a summary, its violations read from its report."""
    status, arn = summary["MonitoringExecutionStatus"], summary.get("ProcessingJobArn")
    job = sagemaker.describe_processing_job(ProcessingJobName=arn.rsplit("/", 1)[-1]) if arn else {}
    outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    report = outputs[0]["S3Output"]["S3Uri"].rstrip("/") if outputs else None
    violations, problem = _violations(s3, report) if status == WITH_VIOLATIONS and report else ((), None)
    return Execution(
        schedule=summary["MonitoringScheduleName"],
        monitoring_type=summary.get("MonitoringType", ""),
        status=status,
        scheduled=summary["ScheduledTime"],
        changed=summary["LastModifiedTime"],
        reason=summary.get("FailureReason") or (job.get("FailureReason") if status == FAILED else None),
        report=report if status in (COMPLETED, WITH_VIOLATIONS) else None,
        violations=violations,
        problem=problem,
    )


def read_violations(s3: Any, report: str) -> tuple[Violation, ...]:
    """Those of the report whose files have this prefix. A report without violations may lack the file.

    Raises StoredFileMissing, StoredFileDamaged.
    """
    document = read_object(s3, f"{report}/{VIOLATIONS_FILE}")
    try:
        return tuple(
            Violation(
                # the service names a metric by another member than a feature
                str(one["feature_name"] if "feature_name" in one else one["metric_name"]),
                str(one["constraint_check_type"]),
                str(one.get("description", "")),
            )
            for one in document["violations"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise StoredFileDamaged(f"{report}/{VIOLATIONS_FILE} is not what Model Monitor writes") from error


def _violations(s3: Any, report: str) -> tuple[tuple[Violation, ...], str | None]:
    try:
        return read_violations(s3, report), None
    except (StoredFileMissing, StoredFileDamaged) as error:
        return (), str(error)
