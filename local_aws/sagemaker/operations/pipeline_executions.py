"""Pipeline executions: start, stop, retry, and what there is to see of them."""

from __future__ import annotations

import threading
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.listing import Listing, RecordListing
from local_aws.sagemaker.operations.client_tokens import made_before, remember
from local_aws.sagemaker.operations.pipeline_records import chosen_version, find_pipeline
from local_aws.sagemaker.pipeline import records
from local_aws.sagemaker.pipeline.definition import parse_definition
from local_aws.sagemaker.pipeline.parameters import to_text
from local_aws.sagemaker.pipeline.records import StepState
from local_aws.sagemaker.pipeline.schedule import kept_for_retry
from local_aws.sagemaker.pipeline.starting import new_execution
from local_aws.sagemaker.pipeline.structure import Step
from local_aws.sagemaker.store import Record

RETRYABLE = ("Failed", "Stopped", "CompletedWithFailures")
UPDATABLE = ("PipelineExecutionDescription", "PipelineExecutionDisplayName", "ParallelismConfiguration")
REFUSED_AT_START = {
    "RoleArn": "RoleArn can only be given for pipelines that AWS manages.",
    "MlflowExperimentName": "MlflowExperimentName is not supported by this local AWS.",
}
# One start at a time, so that a token that is sent twice at once starts one execution.
STARTING = threading.Lock()
SUMMARY = ("PipelineExecutionArn", "PipelineExecutionDescription", "PipelineExecutionDisplayName")

LIST_EXECUTIONS = RecordListing(
    "ListPipelineExecutions",
    sort_keys={"PipelineExecutionArn": lambda record: record.arn},
    scope=("PipelineName", "PipelineVersionAlias"),
    descending=True,
)  # A step keeps its place in the order of beginning: it sorts as the start time does, and tells ties apart.
LIST_STEPS = Listing[tuple[int, StepState]](
    "ListPipelineExecutionSteps",
    sort_keys={"CreationTime": lambda item: item[0]},
    filters={},
    identity=lambda item: item[1].name,
    scope=("PipelineExecutionArn",),
    descending=True,
)
LIST_PARAMETERS = Listing[tuple[int, str, Any]](
    "ListPipelineParametersForExecution",
    sort_keys={"CreationTime": lambda item: item[0]},
    filters={},
    identity=lambda item: item[1],
    scope=("PipelineExecutionArn",),
)


@operation("StartPipelineExecution")
def start_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    for member, reason in REFUSED_AT_START.items():
        if request.get(member) is not None:
            raise ValidationException(reason)
    with STARTING:
        earlier = made_before(context, "StartPipelineExecution", request)
        if earlier is not None:
            return {"PipelineExecutionArn": earlier}
        pipeline = find_pipeline(context, request["PipelineName"])
        version = chosen_version(context, pipeline, request)
        execution = new_execution(context, pipeline, version.body, request)
        remember(context, "StartPipelineExecution", request, execution.arn)
    context.workers["executions"].start(records.EXECUTION, execution.name)
    return {"PipelineExecutionArn": execution.arn}


@operation("StopPipelineExecution")
def stop_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    execution = records.find_execution(context, request["PipelineExecutionArn"])

    def stopping(record: Record) -> tuple[str, dict[str, Any]]:
        if record.status not in records.RUNNING:
            raise ValidationException(
                f"Pipeline execution with ARN {record.arn} status {record.status}. "
                'Only pipelines with "Executing" status can be stopped.'
            )
        return "Stopping", record.body

    context.store.edit(records.EXECUTION, execution.name, stopping)
    context.workers["executions"].stop(records.EXECUTION, execution.name)
    return {"PipelineExecutionArn": execution.arn}


@operation("RetryPipelineExecution")
def retry_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Runs again, in the same execution, the steps that did not succeed and those that rest on them."""
    earlier = made_before(context, "RetryPipelineExecution", request)
    if earlier is not None:
        return {"PipelineExecutionArn": earlier}
    execution = records.find_execution(context, request["PipelineExecutionArn"])
    definition = parse_definition(records.read_input(context.store, execution.name).definition)

    def executing(record: Record) -> tuple[str, dict[str, Any]]:
        if record.status not in RETRYABLE:
            raise ValidationException(
                f"Pipeline execution with ARN {record.arn} status {record.status}. "
                'Only pipelines with "Failed" or "Stopped" status can be retried.'
            )
        kept = kept_for_retry(definition, records.read_steps(context.store, record.name))
        records.write_steps(context.store, record.name, kept)
        body = {member: value for member, value in record.body.items() if member != "FailureReason"}
        if request.get("ParallelismConfiguration"):
            body["ParallelismConfiguration"] = request["ParallelismConfiguration"]
        return "Executing", body

    context.store.edit(records.EXECUTION, execution.name, executing)
    remember(context, "RetryPipelineExecution", request, execution.arn)
    context.workers["executions"].start(records.EXECUTION, execution.name)
    return {"PipelineExecutionArn": execution.arn}


@operation("UpdatePipelineExecution")
def update_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    execution = records.find_execution(context, request["PipelineExecutionArn"])
    changes = {member: request[member] for member in UPDATABLE if request.get(member) is not None}
    context.store.update(records.EXECUTION, execution.name, **changes)
    return {"PipelineExecutionArn": execution.arn}


@operation("DescribePipelineExecution")
def describe_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    execution = records.find_execution(context, request["PipelineExecutionArn"])
    return {
        **execution.body,
        "PipelineExecutionStatus": execution.status,
        "CreationTime": execution.created,
        "LastModifiedTime": execution.modified,
        "CreatedBy": {},
        "LastModifiedBy": {},
    }


@operation("ListPipelineExecutions")
def list_pipeline_executions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    pipeline = find_pipeline(context, request["PipelineName"])
    executions = records.executions_of(context, pipeline.arn, pipeline.created)
    if request.get("PipelineVersionAlias") is not None:
        version = chosen_version(context, pipeline, request).body["PipelineVersionId"]
        executions = [each for each in executions if each.body["PipelineVersionId"] == version]
    return LIST_EXECUTIONS.answer(executions, request, "PipelineExecutionSummaries", _execution_summary)


@operation("ListPipelineExecutionSteps")
def list_pipeline_execution_steps(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    execution = records.find_execution(context, request.get("PipelineExecutionArn") or "")
    definition = parse_definition(records.read_input(context.store, execution.name).definition)
    states = enumerate(records.read_steps(context.store, execution.name).values())
    return LIST_STEPS.answer(
        states,
        request,
        "PipelineExecutionSteps",
        lambda item: _step_summary(item[1], definition.steps[item[1].name]),
    )


@operation("ListPipelineParametersForExecution")
def list_pipeline_parameters_for_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    execution = records.find_execution(context, request["PipelineExecutionArn"])
    parameters = records.read_input(context.store, execution.name).parameters
    items = [(position, name, value) for position, (name, value) in enumerate(parameters.items())]
    return LIST_PARAMETERS.answer(
        items, request, "PipelineParameters", lambda item: {"Name": item[1], "Value": to_text(item[2])}
    )


@operation("DescribePipelineDefinitionForExecution")
def describe_pipeline_definition_for_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    execution = records.find_execution(context, request["PipelineExecutionArn"])
    definition = records.read_input(context.store, execution.name).definition
    return {"PipelineDefinition": definition, "CreationTime": execution.created}


def _execution_summary(execution: Record) -> dict[str, Any]:
    shown = {member: execution.body[member] for member in SUMMARY if member in execution.body}
    if "FailureReason" in execution.body:
        shown["PipelineExecutionFailureReason"] = execution.body["FailureReason"]
    return {**shown, "StartTime": execution.created, "PipelineExecutionStatus": execution.status}


def _step_summary(state: StepState, step: Step) -> dict[str, Any]:
    """A step as ListPipelineExecutionSteps shows it."""
    optional = {
        "StepDisplayName": step.display_name,
        "StepDescription": step.description,
        "EndTime": state.ended,
        "FailureReason": state.failure_reason,
        "CacheHitResult": state.cached_from and {"SourcePipelineExecutionArn": state.cached_from},
        "SelectiveExecutionResult": state.reused_from and {"SourcePipelineExecutionArn": state.reused_from},
    }
    return {
        "StepName": state.name,
        "StartTime": state.started,
        "StepStatus": state.status,
        "Metadata": dict(state.metadata),
        "AttemptCount": state.attempts,
        **{member: value for member, value in optional.items() if value},
    }
