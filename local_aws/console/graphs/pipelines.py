"""The graph of a pipeline's steps, with what became of each in one execution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from local_aws.console.graphs.graph import Drawing, Edge, Node
from local_aws.console.graphs.layout import draw
from local_aws.console.wording import between, words
from local_aws.sagemaker.pipeline.records import StepState
from local_aws.sagemaker.pipeline.structure import Definition, Step

NOT_RUN, WAITING = "Not executed", "Waiting"


def step_status(name: str, states: Mapping[str, StepState], running: bool) -> str:
    """Of a step that may not have begun."""
    return states[name].status if name in states else WAITING if running else NOT_RUN


def draw_pipeline(definition: Definition, states: Mapping[str, StepState], running: bool, now: datetime) -> Drawing:
    """The steps in the order of their dependencies."""
    nodes = [_node(step, states, running, now) for step in definition.steps.values()]
    return draw(nodes, [edge for step in definition.steps.values() for edge in _edges(step, definition)])


def _node(step: Step, states: Mapping[str, StepState], running: bool, now: datetime) -> Node:
    status = step_status(step.name, states, running)
    detail = words(status)
    if state := states.get(step.name):
        took = "cached" if state.cached_from else between(state.started, state.ended, now)
        detail = f"{detail}, {took}"
    return Node(step.name, step.display_name or step.name, detail, status, f"step-{step.name}")


def _edges(step: Step, definition: Definition) -> Iterator[Edge]:
    """From each step that this one waits for; not where another of these waits for that one, which says it already."""
    needs = {name for name in step.needs if name in definition.steps}
    indirect = {name for other in needs for name in _all_before(other, definition)}
    for name in sorted(needs, key=list(definition.steps).index):
        if name in indirect:
            continue
        branch = step.branch if step.branch and step.branch.condition == name else None
        yield Edge(name, step.name, "" if branch is None else "if" if branch.outcome else "else")


def _all_before(name: str, definition: Definition) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for before in definition.steps[waiting.pop()].needs:
            if before not in found and before in definition.steps:
                found.add(before)
                waiting.append(before)
    return found
