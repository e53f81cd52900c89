"""`scones stop`: ends an execution."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import ExecutionArgument, TargetChoice, TargetOption, connect
from pipelines.names import PIPELINE_NAME


def stop(
    execution: ExecutionArgument = None,
    pipeline: Annotated[str, typer.Option(help="Name of the pipeline.")] = PIPELINE_NAME,
    target: TargetOption = TargetChoice.local,
) -> None:
    """Stop an execution and the jobs it runs, and wait until it has ended."""
    import uuid

    from pipelines.executions import find_execution
    from pipelines.submission import describe_execution, wait_for_execution

    sagemaker = connect(target).client("sagemaker")
    arn = find_execution(sagemaker, pipeline, execution)
    before = describe_execution(sagemaker, arn)
    if before.is_over:
        print(f"{arn} has ended already: {before.status}.")
        return
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=str(uuid.uuid4()))
    after = wait_for_execution(sagemaker, arn, poll_seconds=0.5)
    print(f"{arn} is {after.status}.")
