"""`scones definition`: the JSON that the service gets, checked, or compared with what is live."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.compile import Variant
from pipelines.cli.options import AlgorithmOption, PretrainOption, TargetChoice, TargetOption, connect
from pipelines.names import PIPELINE_NAME
from pipelines.training.algorithms import PYTORCH


def definition(
    check: Annotated[bool, typer.Option("--check", help="Validate every step against the API's own model.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Compare with the pipeline that is registered.")] = False,
    pipeline: Annotated[str, typer.Option(help="Name of the pipeline.")] = PIPELINE_NAME,
    algorithm: AlgorithmOption = PYTORCH.name,
    pretrain: PretrainOption = False,
    target: TargetOption = TargetChoice.local,
) -> None:
    """Print a pipeline's definition. With --check or --diff: exit code 1 on problems or differences."""
    if check and diff:
        raise typer.BadParameter("--check and --diff are two questions: ask one at a time")
    variant = Variant(algorithm, pretrain)
    if variant != Variant() and pipeline != PIPELINE_NAME:
        raise typer.BadParameter(f"{pipeline} trains nothing: --algorithm and --pretrain are of {PIPELINE_NAME}")
    if check:
        _check(pipeline, variant)
    elif diff:
        _diff(pipeline, variant, target)
    else:
        _print(pipeline, variant)


def _print(pipeline: str, variant: Variant) -> None:
    from pipelines.cli.compile import compiled_definition
    from pipelines.definition import format_definition
    from pipelines.session import offline_target

    print(format_definition(compiled_definition(offline_target(), pipeline, stage_code=False, variant=variant)))


def _check(pipeline: str, variant: Variant) -> None:
    import json

    from pipelines.cli.compile import compiled_definition
    from pipelines.session import offline_target

    compiled = compiled_definition(offline_target(), pipeline, stage_code=False, variant=variant)
    steps = json.loads(compiled)["Steps"]
    print(f"The definition is sound: {len(steps)} top-level steps, every argument fits the API's model.")


def _diff(pipeline: str, variant: Variant, target: TargetChoice) -> None:
    from pipelines.cli.compile import compiled_definition
    from pipelines.definition import diff_definitions

    place = connect(target)
    live = place.client("sagemaker").describe_pipeline(PipelineName=pipeline)["PipelineDefinition"]
    differences = diff_definitions(live, compiled_definition(place, pipeline, stage_code=False, variant=variant))
    if differences:
        print(differences)
        raise typer.Exit(1)
    print("No difference: what is registered is what this tree compiles to.")
