"""The details of SageMaker's events on pipeline executions and their steps, from their records.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html. A status before
the first one is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_aws.event_sources.sagemaker_details import iso
from local_aws.sagemaker.pipeline.records import ARN, RUNNING
from local_aws.sagemaker.store import Record

Detail = dict[str, Any]


def execution(before: Record | None, after: Record) -> Detail:
    """Of an execution that has another status now."""
    body = after.body
    optional = {
        "pipelineExecutionDisplayName": body.get("PipelineExecutionDisplayName"),
        "pipelineExecutionDescription": body.get("PipelineExecutionDescription"),
        "executionEndTime": None if after.status in RUNNING else iso(after.modified),
    }
    return {
        "currentPipelineExecutionStatus": after.status,
        "previousPipelineExecutionStatus": before.status if before else None,
        "executionStartTime": iso(after.created),
        "pipelineArn": body["PipelineArn"],
        "pipelineExecutionArn": after.arn,
        **{name: value for name, value in optional.items() if value is not None},
    }


def steps(before: Record | None, after: Record, type_of: Callable[[str], str]) -> Iterator[Detail]:
    """Of each step that has another status now; `type_of` says what a step's type is, by its name."""
    earlier = {step["name"]: step["status"] for step in before.body["steps"]} if before else {}
    arn = after.arn.removesuffix("/steps")
    for step in after.body["steps"]:
        if step["status"] != earlier.get(step["name"]):
            yield _step(step, earlier.get(step["name"]), arn, type_of(step["name"]))


def resources(execution_arn: str) -> list[str]:
    """What the events on an execution, or on its steps, are about."""
    return [_pipeline_arn(execution_arn), execution_arn]


def _step(step: Mapping[str, Any], previous: str | None, arn: str, step_type: str) -> Detail:
    optional = {
        "stepEndTime": step["ended"] and iso(step["ended"]),
        "failureReason": step["failure_reason"],
        "cacheHitResult": step["cached_from"] and {"sourcePipelineExecutionArn": step["cached_from"]},
    }
    return {
        "metadata": _camel_case(step["metadata"]),
        "stepStartTime": iso(step["started"]),
        "stepName": step["name"],
        "stepType": step_type,
        "previousStepStatus": previous,
        "currentStepStatus": step["status"],
        "pipelineArn": _pipeline_arn(arn),
        "pipelineExecutionArn": arn,
        **{name: value for name, value in optional.items() if value},
    }


def _pipeline_arn(execution_arn: str) -> str:
    found = ARN.fullmatch(execution_arn)
    if found is None:
        raise ValueError(f"not the ARN of a pipeline execution: {execution_arn}")
    return execution_arn[: found.end("pipeline")]


def _camel_case(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _camel_case(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_camel_case(member) for member in value]
    return value
