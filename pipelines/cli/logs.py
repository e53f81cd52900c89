"""`scones logs`: what the jobs of an execution printed."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import ExecutionArgument, TargetChoice, TargetOption, connect
from pipelines.names import PIPELINE_NAME


def logs(
    execution: ExecutionArgument = None,
    step: Annotated[str | None, typer.Option(help="Only this step.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last lines of each job.")] = None,
    pipeline: Annotated[str, typer.Option(help="Name of the pipeline.")] = PIPELINE_NAME,
    target: TargetOption = TargetChoice.local,
) -> None:
    """Print the logs of an execution's jobs, step by step."""
    from pipelines.executions import ExecutionNotFound, find_execution, log_lines
    from pipelines.submission import describe_execution

    place = connect(target)
    sagemaker = place.client("sagemaker")
    found = describe_execution(sagemaker, find_execution(sagemaker, pipeline, execution))
    steps = [one for one in found.steps if step in (None, one.name)]
    if not steps:
        names = ", ".join(one.name for one in found.steps)
        raise ExecutionNotFound(f"{found.arn} has no step {step}: it has {names}")
    for one in steps:
        for line in log_lines(place.client("logs"), one, last):
            print(f"{one.name} | {line}")
