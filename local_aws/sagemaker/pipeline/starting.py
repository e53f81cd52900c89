"""What must be right before an execution begins, and the records it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ResourceNotFound, ValidationException
from local_aws.sagemaker.pipeline import records
from local_aws.sagemaker.pipeline.definition import parse_definition
from local_aws.sagemaker.pipeline.names import new_execution_id
from local_aws.sagemaker.pipeline.parameters import bind
from local_aws.sagemaker.pipeline.references import Scope, UnresolvedReference, execution_variables, resolve
from local_aws.sagemaker.pipeline.selection import check_selection, reused_steps
from local_aws.sagemaker.pipeline.structure import Definition
from local_aws.sagemaker.store import Record

KEPT = ("PipelineExecutionDisplayName", "PipelineExecutionDescription", "SelectiveExecutionConfig")


def new_execution(context: Context, pipeline: Record, version: Mapping[str, Any], request: dict[str, Any]) -> Record:
    """The record of a new execution, Executing from now on.

    `version` is the body of the pipeline version to execute, `request` that of StartPipelineExecution. Raises
    ValidationException for parameters or a selection that do not fit the definition.
    """
    definition = parse_definition(version["PipelineDefinition"])
    parameters = bind(definition.parameters, request.get("PipelineParameters") or [])
    arn = f"{pipeline.arn}/execution/{new_execution_id()}"
    selected, steps = _selection(context, pipeline, definition, request.get("SelectiveExecutionConfig"))
    now = context.now()
    body: dict[str, Any] = {
        "PipelineArn": pipeline.arn,
        "PipelineExecutionArn": arn,
        "PipelineExecutionDisplayName": f"execution-{int(now.timestamp() * 1000)}",
        "PipelineVersionId": version["PipelineVersionId"],
        **{member: request[member] for member in KEPT if member in request},
    }
    parallelism = request.get("ParallelismConfiguration") or pipeline.body.get("ParallelismConfiguration")
    if parallelism:
        body["ParallelismConfiguration"] = parallelism
    if definition.experiment:
        variables = execution_variables(arn, now, now)
        body["PipelineExperimentConfig"] = _experiment(definition, Scope(parameters, variables, {}, {}, {}, _no_files))
    given = records.ExecutionInput(version["PipelineDefinition"], parameters, pipeline.created, selected)
    return records.create_execution(context.store, arn, body, given, steps)


def _selection(
    context: Context, pipeline: Record, definition: Definition, config: Mapping[str, Any] | None
) -> tuple[tuple[str, ...], dict[str, records.StepState]]:
    """The names of the selected steps, and the states taken from the source execution."""
    if config is None:
        return (), {}
    selected = tuple(step["StepName"] for step in config["SelectedSteps"])
    arn = config.get("SourcePipelineExecutionArn")
    if arn is None:
        check_selection(definition, selected, None)
        return selected, {}
    try:
        source = records.find_execution(context, arn)
    except ResourceNotFound as error:
        raise ValidationException(f"SelectiveExecutionConfig: {error.message}") from error
    if source.body["PipelineArn"] != pipeline.arn:
        raise ValidationException(f"SelectiveExecutionConfig: {arn} is not an execution of this pipeline.")
    if source.status in records.RUNNING:
        raise ValidationException(f"SelectiveExecutionConfig: the source execution {arn} is still {source.status}.")
    states = records.read_steps(context.store, source.name)
    check_selection(definition, selected, states)
    return selected, reused_steps(definition, selected, arn, states)


def _experiment(definition: Definition, scope: Scope) -> Any:
    try:
        return resolve(dict(definition.experiment or {}), scope)
    except UnresolvedReference as error:
        raise ValidationException(f"PipelineExperimentConfig: {error}") from error


def _no_files(uri: str) -> bytes:
    raise LookupError(uri)
