"""Executions as a person looks for them: listed, found by id, explained, and with their jobs' logs. boto3 only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from pipelines.submission import ExecutionStatus, StepStatus

LOG_GROUPS = {
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "TransformJob": "/aws/sagemaker/TransformJobs",
    "QualityCheck": "/aws/sagemaker/ProcessingJobs",
}


class ExecutionNotFound(LookupError):
    """No execution, or no step of it, of that name; the message says how to list them."""


def kind_of(step: StepStatus) -> str | None:
    """What the step made, in the service's words (TrainingJob, Model, Condition, Fail ...); None until it has."""
    return next(iter(step.metadata), None)


def elapsed(step: StepStatus, now: datetime) -> float | None:
    """Seconds that the step has taken, until its end or until now; None if it has not started."""
    return None if step.started is None else ((step.ended or now) - step.started).total_seconds()


def rejection(execution: ExecutionStatus) -> str | None:
    """What the gate said, where a Fail step ended the execution: a decision, not a fault."""
    reasons = [step.failure_reason for step in execution.steps if kind_of(step) == "Fail"]
    return next((reason for reason in reasons if reason), None)


def failure(execution: ExecutionStatus) -> str:
    """Why it did not succeed, in one line: the words of the steps that failed, else the execution's own."""
    failed = [step for step in execution.steps if step.status == "Failed" and step.failure_reason]
    said = "; ".join(f"{step.name}: {step.failure_reason}" for step in failed)
    return " ".join((said or execution.failure_reason or execution.status).split())


def list_executions(sagemaker: Any, pipeline: str) -> list[dict[str, Any]]:
    """The summaries of a pipeline's executions, newest first; none for a pipeline that does not exist."""
    try:
        pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
            PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending"
        )
        return [item for page in pages for item in page["PipelineExecutionSummaries"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFound":
            return []
        raise


def find_execution(sagemaker: Any, pipeline: str, wanted: str | None) -> str:
    """The ARN of an execution given as ARN, as id, or not at all (the newest). Raises ExecutionNotFound."""
    if wanted and wanted.startswith("arn:"):
        return wanted
    arns = [str(item["PipelineExecutionArn"]) for item in list_executions(sagemaker, pipeline)]
    if not arns:
        raise ExecutionNotFound(f"pipeline {pipeline} has no executions yet: start one with `scones run`")
    if wanted is None:
        return arns[0]
    matches = [arn for arn in arns if arn.rsplit("/", 1)[-1] == wanted]
    if not matches:
        raise ExecutionNotFound(f"pipeline {pipeline} has no execution {wanted}: list them with `scones executions`")
    return matches[0]


def function_outputs(execution: ExecutionStatus, step_name: str) -> dict[str, str]:
    """The output parameters of a Lambda step, by name, as text; empty where it has none (yet)."""
    found = [step.metadata.get("Lambda", {}) for step in execution.steps if step.name == step_name]
    return {one["Name"]: one["Value"] for metadata in found for one in metadata.get("OutputParameters", [])}


def log_lines(logs: Any, step: StepStatus, last: int | None = None) -> list[str]:
    """The log of the job that a step runs: all of it, or the last lines. Empty where there is none (yet)."""
    kind = kind_of(step)
    made = step.metadata.get(kind, {}) if kind else {}
    arn = made.get("Arn") or made.get("CheckJobArn")
    if kind not in LOG_GROUPS or not arn:
        return []
    group = LOG_GROUPS[kind]
    try:
        found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{arn.rsplit('/', 1)[-1]}/")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    streams = [stream["logStreamName"] for stream in found["logStreams"]]
    read = _all_lines if last is None else _last_lines
    return [line for stream in streams for line in read(logs, group, stream, last or 0)]


def _last_lines(logs: Any, group: str, stream: str, last: int) -> list[str]:
    page = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=last, startFromHead=False)
    return [event["message"] for event in page["events"]]


def _all_lines(logs: Any, group: str, stream: str, _last: int) -> list[str]:
    lines: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
        lines += [event["message"] for event in page["events"]]
        # the service repeats the token at the end of the stream
        if token.get("nextToken") == page["nextForwardToken"]:
            return lines
        token = {"nextToken": page["nextForwardToken"]}
