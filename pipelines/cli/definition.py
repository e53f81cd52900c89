"""`scones definition`: the JSON that the service gets, checked, or compared with what is live."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import TargetChoice, TargetOption, connect
from pipelines.names import PIPELINE_NAME


def definition(
    check: Annotated[bool, typer.Option("--check", help="Validate every step against the API's own model.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Compare with the pipeline that is registered.")] = False,
    pipeline: Annotated[str, typer.Option(help="Name of the pipeline.")] = PIPELINE_NAME,
    target: TargetOption = TargetChoice.local,
) -> None:
    """Print a pipeline's definition. With --check or --diff: exit code 1 on problems or differences."""
    if check and diff:
        raise typer.BadParameter("--check and --diff are two questions: ask one at a time")
    if check:
        _check(pipeline)
    elif diff:
        _diff(pipeline, target)
    else:
        _print(pipeline)


def _print(pipeline: str) -> None:
    from pipelines.cli.compile import compiled_definition
    from pipelines.definition import format_definition
    from pipelines.session import offline_target

    print(format_definition(compiled_definition(offline_target(), pipeline, stage_code=False)))


def _check(pipeline: str) -> None:
    import json

    from pipelines.cli.compile import compiled_definition
    from pipelines.session import offline_target

    steps = json.loads(compiled_definition(offline_target(), pipeline, stage_code=False))["Steps"]
    print(f"The definition is sound: {len(steps)} top-level steps, every argument fits the API's model.")


def _diff(pipeline: str, target: TargetChoice) -> None:
    from pipelines.cli.compile import compiled_definition
    from pipelines.definition import diff_definitions

    place = connect(target)
    live = place.client("sagemaker").describe_pipeline(PipelineName=pipeline)["PipelineDefinition"]
    differences = diff_definitions(live, compiled_definition(place, pipeline, stage_code=False))
    if differences:
        print(differences)
        raise typer.Exit(1)
    print("No difference: what is registered is what this tree compiles to.")
