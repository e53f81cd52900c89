"""Which steps may begin, and how an execution ends: decided from definition and states alone."""

from __future__ import annotations

from collections.abc import Mapping, Set

from local_aws.sagemaker.pipeline.records import StepState
from local_aws.sagemaker.pipeline.structure import TRIGGERS, Definition, Step

States = Mapping[str, StepState]


def ready_steps(definition: Definition, states: States, selected: Set[str]) -> list[Step]:
    """The steps that have not begun and whose needs are met, in the definition's order.

    `selected` holds the names of a selective execution, and is empty where every step may run.
    """
    waiting = [step for step in definition.steps.values() if step.name not in states]
    return [step for step in waiting if (not selected or step.name in selected) and _is_ready(step, states)]


def final_status(definition: Definition, states: States, stopping: bool) -> str:
    """Succeeded, Failed, Stopped or CompletedWithFailures, once no step runs or can begin.

    `stopping`: somebody stopped the execution. Only then it ends as Stopped: a job that was stopped behind
    its back fails it. A failure after which another step ran, as its DependsOn trigger asked for, does not.
    """
    failed = [name for name, state in states.items() if state.status == "Failed"]
    stopped = [name for name, state in states.items() if state.status == "Stopped"]
    if stopping:
        return "Failed" if failed else "Stopped"
    if not failed and not stopped:
        return "Succeeded"
    handled = all(_is_handled(name, definition, states) for name in (*failed, *stopped))
    return "CompletedWithFailures" if handled else "Failed"


def kept_for_retry(definition: Definition, states: States) -> dict[str, StepState]:
    """The states that a retried execution goes on from: the successes that rest on nothing but successes."""
    kept: dict[str, StepState] = {}
    remaining = dict(states)
    while True:
        names = [
            name
            for name, state in remaining.items()
            if state.status == "Succeeded" and definition.steps[name].needs <= kept.keys()
        ]
        if not names:
            return {name: state for name, state in states.items() if name in kept}
        kept.update({name: remaining.pop(name) for name in names})


def _is_ready(step: Step, states: States) -> bool:
    allowed = {dependency.step: TRIGGERS[dependency.trigger] for dependency in step.depends_on}
    for name in step.refers_to - allowed.keys():
        allowed[name] = TRIGGERS["Completed"]
    if any(name not in states or states[name].status not in ends for name, ends in allowed.items()):
        return False
    if step.branch is None:
        return True
    condition = states.get(step.branch.condition)
    return (
        condition is not None
        and condition.status == "Succeeded"
        and condition.properties.get("Outcome") == step.branch.outcome
    )


def _is_handled(name: str, definition: Definition, states: States) -> bool:
    return any(
        dependency.step == name and dependency.trigger != "Completed" and step.name in states
        for step in definition.steps.values()
        for dependency in step.depends_on
    )
