"""Selective execution: some steps run, the outputs of others come from an earlier execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.pipeline.graph import ancestors
from local_aws.sagemaker.pipeline.records import StepState
from local_aws.sagemaker.pipeline.structure import Definition, Step


def check_selection(definition: Definition, selected: Sequence[str], source: Mapping[str, StepState] | None) -> None:
    """Raises ValidationException for a selection that cannot run.

    The selected steps must exist, with every step on a path between two of them selected too. What they need
    of other steps must be there in `source`, the steps of the reference execution (None where none is given).
    """
    chosen = set(selected)
    for name in selected:
        if name not in definition.steps:
            raise ValidationException(f"SelectiveExecutionConfig: the pipeline has no step '{name}'.")
    needs = {name: step.needs for name, step in definition.steps.items()}
    for name in selected:
        above = ancestors(needs, name)
        for between in sorted(above - chosen):
            if ancestors(needs, between) & chosen:
                raise ValidationException(
                    f"SelectiveExecutionConfig: step '{between}' lies between selected steps: select it too."
                )
        for needed in sorted(needs[name] - chosen):
            _check_reusable(definition.steps[name], needed, source)


def reused_steps(
    definition: Definition, selected: Sequence[str], arn: str, source: Mapping[str, StepState]
) -> dict[str, StepState]:
    """The states that a selective execution begins with: the unselected steps above the selected ones."""
    needs = {name: step.needs for name, step in definition.steps.items()}
    above: set[str] = set().union(*(ancestors(needs, name) for name in selected)) - set(selected)
    return {
        name: replace(state, reused_from=state.reused_from or arn)
        for name, state in source.items()
        if name in above and state.status == "Succeeded"
    }


def _check_reusable(step: Step, needed: str, source: Mapping[str, StepState] | None) -> None:
    where = f"SelectiveExecutionConfig: step '{step.name}' needs step '{needed}', which is not selected"
    if source is None:
        raise ValidationException(f"{where}; name a SourcePipelineExecutionArn to take its outputs from.")
    state = source.get(needed)
    if state is None or state.status != "Succeeded":
        raise ValidationException(f"{where} and has not succeeded in the source execution.")
    if step.branch and step.branch.condition == needed and state.properties.get("Outcome") != step.branch.outcome:
        raise ValidationException(f"{where}: the source execution took the condition's other branch.")
