"""Registering a compiled definition, starting executions of it and following them. boto3 only: the SDK is not
needed here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

TERMINAL_STATUSES = frozenset({"Succeeded", "Failed", "Stopped"})
# The service takes 1 MiB, a request less: the SDK draws the line here too.
INLINE_DEFINITION_LIMIT = 100 * 1024

Tags = Sequence[Mapping[str, str]]


class ExecutionTimedOut(TimeoutError):
    """We stopped waiting; the execution itself goes on."""


@dataclass(frozen=True)
class RegisteredPipeline:
    """The outcome of `upsert_pipeline`; `created` is False if the pipeline was there and got a new
    definition."""

    arn: str
    created: bool


@dataclass(frozen=True)
class StepStatus:
    """A step of an execution: status is SageMaker's StepStatus (Starting, Executing, Succeeded, Failed,
    Stopped ...).

    `cached_from` is the ARN of the execution whose result was taken, None if the step ran. `metadata` is the
    service's own (TrainingJob, ProcessingJob, Model ..., each with its Arn).
    """

    name: str
    status: str
    started: datetime | None
    ended: datetime | None
    failure_reason: str | None
    cached_from: str | None
    attempts: int
    metadata: Mapping[str, Any]

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs or if it never did."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


@dataclass(frozen=True)
class ExecutionStatus:
    """An execution: status is SageMaker's PipelineExecutionStatus (Executing, Stopping, Stopped, Failed,
    Succeeded)."""

    arn: str
    status: str
    failure_reason: str | None
    created: datetime
    modified: datetime
    steps: Sequence[StepStatus]

    @property
    def is_over(self) -> bool:
        return self.status in TERMINAL_STATUSES


def upsert_pipeline(
    sagemaker_client: Any,
    s3_client: Any,
    *,
    name: str,
    definition: str,
    role_arn: str,
    bucket: str,
    description: str | None = None,
    tags: Tags = (),
) -> RegisteredPipeline:
    """Creates the pipeline, or gives an existing one this definition; tags are added to those it has.

    Definitions over 100 KB go through `bucket`.
    """
    request: dict[str, Any] = {"PipelineName": name, "RoleArn": role_arn}
    if description:
        request["PipelineDescription"] = description
    request |= _definition_argument(s3_client, bucket, name, definition)
    tag_list = [dict(tag) for tag in tags]
    try:
        created = sagemaker_client.create_pipeline(**request, **({"Tags": tag_list} if tag_list else {}))
    except ClientError as error:
        if not _says_already_exists(error):
            raise
    else:
        return RegisteredPipeline(arn=created["PipelineArn"], created=True)
    arn = sagemaker_client.update_pipeline(**request)["PipelineArn"]
    if tag_list:
        sagemaker_client.add_tags(ResourceArn=arn, Tags=tag_list)
    return RegisteredPipeline(arn=arn, created=False)


def pipeline_exists(sagemaker_client: Any, name: str) -> bool:
    """Whether a pipeline of this name is registered."""
    try:
        sagemaker_client.describe_pipeline(PipelineName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFound":
            return False
        raise
    return True


def start_execution(
    sagemaker_client: Any,
    name: str,
    parameters: Mapping[str, object] | None = None,
    *,
    display_name: str | None = None,
    description: str | None = None,
    client_request_token: str | None = None,
) -> str:
    """Starts an execution of the pipeline and returns its ARN. Parameter values are sent as strings, as the
    API wants. The same token again starts nothing and returns the same ARN."""
    request: dict[str, Any] = {"PipelineName": name}
    if parameters:
        request["PipelineParameters"] = [{"Name": key, "Value": str(value)} for key, value in parameters.items()]
    if display_name:
        request["PipelineExecutionDisplayName"] = display_name
    if description:
        request["PipelineExecutionDescription"] = description
    if client_request_token:
        request["ClientRequestToken"] = client_request_token
    arn: str = sagemaker_client.start_pipeline_execution(**request)["PipelineExecutionArn"]
    return arn


def describe_execution(sagemaker_client: Any, arn: str) -> ExecutionStatus:
    """The execution with all its steps, in the order in which they started (every page is read).

    Raises ConnectionClosedError for an answer that is cut short.
    """
    execution = sagemaker_client.describe_pipeline_execution(PipelineExecutionArn=arn)
    if "PipelineExecutionStatus" not in execution:
        # botocore reads what a dying server left of an answer as an empty one
        raise ConnectionClosedError(endpoint_url=sagemaker_client.meta.endpoint_url)
    return ExecutionStatus(
        arn=arn,
        status=execution["PipelineExecutionStatus"],
        failure_reason=execution.get("FailureReason"),
        created=execution["CreationTime"],
        modified=execution["LastModifiedTime"],
        steps=list_steps(sagemaker_client, arn),
    )


def list_steps(sagemaker_client: Any, arn: str) -> list[StepStatus]:
    """The steps that an execution has reached, oldest first."""
    paginator = sagemaker_client.get_paginator("list_pipeline_execution_steps")
    pages = paginator.paginate(PipelineExecutionArn=arn, SortOrder="Ascending")
    return [_to_step(step) for page in pages for step in page["PipelineExecutionSteps"]]


def wait_for_execution(
    sagemaker_client: Any,
    arn: str,
    *,
    poll_seconds: float = 30.0,
    timeout_seconds: float | None = None,
    on_poll: Callable[[ExecutionStatus], None] = lambda status: None,
) -> ExecutionStatus:
    """Waits until the execution is over, Stopped included (the SDK's own waiter does not know it).

    `on_poll` sees every status, the last one too. Raises ExecutionTimedOut after `timeout_seconds`.
    """
    give_up = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while True:
        execution = describe_execution(sagemaker_client, arn)
        on_poll(execution)
        if execution.is_over:
            return execution
        if give_up is not None and time.monotonic() >= give_up:
            raise ExecutionTimedOut(
                f"{arn} is still {execution.status} after {timeout_seconds:g} s: it goes on without us"
            )
        time.sleep(poll_seconds)


def _definition_argument(s3_client: Any, bucket: str, name: str, definition: str) -> dict[str, Any]:
    body = definition.encode()
    if len(body) <= INLINE_DEFINITION_LIMIT:
        return {"PipelineDefinition": definition}
    key = f"{name}/pipeline-definition.json"
    s3_client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    return {"PipelineDefinitionS3Location": {"Bucket": bucket, "ObjectKey": key}}


def _says_already_exists(error: ClientError) -> bool:
    # "Pipeline names must be unique within an AWS account and region. Pipeline with name (X) already exists."
    return "already exists" in error.response["Error"].get("Message", "")


def _to_step(step: Mapping[str, Any]) -> StepStatus:
    return StepStatus(
        name=step["StepName"],
        status=step["StepStatus"],
        started=step.get("StartTime"),
        ended=step.get("EndTime"),
        failure_reason=step.get("FailureReason"),
        cached_from=step.get("CacheHitResult", {}).get("SourcePipelineExecutionArn"),
        attempts=step.get("AttemptCount", 0),
        metadata=step.get("Metadata", {}),
    )
