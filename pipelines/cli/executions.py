"""`scones executions`: the executions of the training pipeline, or one of them with its steps."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pipelines.cli.options import ExecutionArgument, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import PIPELINE_NAME


def executions(
    execution: ExecutionArgument = None,
    pipeline: Annotated[str, typer.Option(help="Name of the pipeline.")] = PIPELINE_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """List the executions; with an ARN or id, show that one with its steps."""
    sagemaker = connect(target).client("sagemaker")
    if execution:
        _show_one(sagemaker, pipeline, execution, as_json)
    else:
        _show_all(sagemaker, pipeline, as_json)


def _show_one(sagemaker: object, pipeline: str, wanted: str, as_json: bool) -> None:
    from pipelines.cli.follow import steps_table
    from pipelines.cli.screen import console, moment, print_json, styled
    from pipelines.executions import find_execution
    from pipelines.submission import describe_execution

    found = describe_execution(sagemaker, find_execution(sagemaker, pipeline, wanted))
    if as_json:
        print_json(asdict(found))
        return
    screen = console()
    screen.print(f"{found.arn}\n{styled(found.status)}, started {moment(found.created)}", soft_wrap=True)
    screen.print(steps_table(found))


def _show_all(sagemaker: object, pipeline: str, as_json: bool) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, moment, print_json, styled, table
    from pipelines.executions import list_executions

    found = list_executions(sagemaker, pipeline)
    if as_json:
        print_json(found)
        return
    if not found:
        print(f"Pipeline {pipeline} has no executions yet: start one with `scones run`.")
        return
    rows = table("Execution", "Name", "Status", "Started", "Why")
    for item in found:
        identifier = item["PipelineExecutionArn"].rsplit("/", 1)[-1]
        name = item.get("PipelineExecutionDisplayName", "")
        why = escape(item.get("PipelineExecutionDescription", ""))
        rows.add_row(identifier, name, styled(item["PipelineExecutionStatus"]), moment(item["StartTime"]), why)
    console().print(rows)
