"""The graph of a state machine's states, with those that one execution was in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.console.graphs.graph import Drawing, Edge, Node
from local_aws.console.graphs.layout import draw
from local_aws.console.wording import words

NOT_VISITED, CAUGHT, FAILED, RUNNING, SUCCEEDED = "Not visited", "Caught error", "FAILED", "RUNNING", "SUCCEEDED"
TROUBLE, SUCCESS = ("Failed", "TimedOut", "Aborted"), "Succeeded"
LONGEST_LABEL = 28
# the end of a comparison operator's name, and how it is written; the longer ends first
SIGNS = {"GreaterThanEquals": "≥", "LessThanEquals": "≤", "GreaterThan": ">", "LessThan": "<", "Equals": "="}


@dataclass(frozen=True)
class Visit:
    """How often an execution entered a state, and how that ended."""

    times: int
    status: str


def visits(events: Sequence[Mapping[str, Any]], running: bool) -> dict[str, Visit]:
    """The states that an execution was in, by name, from its history."""
    entered: dict[int, str] = {}
    found: dict[str, Visit] = {}
    left: dict[str, int] = {}
    erred: set[str | None] = set()
    previous = {event["id"]: event["previousEventId"] for event in events}
    for event in events:
        if details := event.get("stateEnteredEventDetails"):
            name = details["name"]
            entered[event["id"]] = name
            found[name] = Visit(found[name].times + 1 if name in found else 1, RUNNING)
        elif details := event.get("stateExitedEventDetails"):
            left[details["name"]] = left.get(details["name"], 0) + 1
        elif event["type"].endswith((*TROUBLE, SUCCESS)):
            name = _state_of(event["id"], previous, entered)
            # an error that a retry made good is none
            (erred.discard if event["type"].endswith(SUCCESS) else erred.add)(name)
    return {name: Visit(visit.times, _end(name, visit, left, erred, running)) for name, visit in found.items()}


def draw_state_machine(definition: str, visited: Mapping[str, Visit] | None = None) -> Drawing:
    """The states of a definition that was checked when it was created; coloured where `visited` is given."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    for name, state, apart in _states(json.loads(definition)):
        nodes.append(_node(name, state, None if apart else visited, apart))
        edges.extend(_edges(name, state))
    return draw(nodes, edges)


def _states(machine: Mapping[str, Any], apart: bool = False) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """All states, those within others too, the first one first; and whether executions of their own go through them."""
    states = dict(machine["States"])
    start = machine["StartAt"]
    for name, state in {start: states[start], **states}.items():
        yield name, state, apart
        for inner in _inner(state):
            yield from _states(inner, apart or (inner.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED")


def _inner(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    processor = state.get("ItemProcessor") or state.get("Iterator")
    return [*(state.get("Branches") or []), *([processor] if processor else [])]


def _node(name: str, state: Mapping[str, Any], visited: Mapping[str, Visit] | None, apart: bool) -> Node:
    if visited is None:
        return Node(name, name, f"{state['Type']}{', each item by itself' if apart else ''}", "")
    visit = visited.get(name)
    if visit is None:
        return Node(name, name, f"{state['Type']}, {NOT_VISITED.lower()}", NOT_VISITED)
    times = f", {visit.times} times" if visit.times > 1 else ""
    return Node(name, name, f"{state['Type']}, {words(visit.status).lower()}{times}", visit.status)


def _edges(name: str, state: Mapping[str, Any]) -> Iterator[Edge]:
    label = "each item" if state["Type"] == "Map" else "branch"
    for inner in _inner(state):
        yield Edge(name, inner["StartAt"], label, dashed=True)
    for choice in state.get("Choices") or []:
        yield Edge(name, choice["Next"], _cut(_condition(choice)))
    if "Default" in state:
        yield Edge(name, state["Default"], "otherwise")
    if "Next" in state:
        yield Edge(name, state["Next"])
    for catcher in state.get("Catch") or []:
        yield Edge(name, catcher["Next"], _cut(", ".join(catcher["ErrorEquals"])), dashed=True)


def _condition(choice: Mapping[str, Any]) -> str:
    for member, value in choice.items():
        if member not in ("Variable", "Next", "And", "Or", "Not", "Comment"):
            variable = str(choice.get("Variable", "")).removeprefix("$.")
            shown = json.dumps(value) if not isinstance(value, str) else value
            return f"{variable} {_sign(member.removesuffix('Path'))} {shown}"
    return next((word.lower() for word in ("And", "Or", "Not") if word in choice), "")


def _sign(comparison: str) -> str:
    return next((sign for end, sign in SIGNS.items() if comparison.endswith(end)), words(comparison).lower())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def _state_of(event: int, previous: Mapping[int, int], entered: Mapping[int, str]) -> str | None:
    """The state within which an event was, by the chain of the events before it."""
    while event and event not in entered:
        event = previous.get(event, 0)
    return entered.get(event)


def _end(name: str, visit: Visit, left: Mapping[str, int], erred: set[str | None], running: bool) -> str:
    if left.get(name, 0) >= visit.times:
        return CAUGHT if name in erred else SUCCEEDED
    return RUNNING if running else FAILED
