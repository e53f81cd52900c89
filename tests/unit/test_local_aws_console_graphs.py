"""Graphs of steps and states: what is drawn, and where."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timedelta, timezone
from itertools import combinations
from pathlib import Path
from typing import Any

from local_aws.console.graphs.graph import Drawing, Edge, Node
from local_aws.console.graphs.layout import BOX_HEIGHT, BOX_WIDTH, draw
from local_aws.console.graphs.pipelines import NOT_RUN, WAITING, draw_pipeline
from local_aws.console.graphs.state_machines import CAUGHT, NOT_VISITED, Visit, draw_state_machine, visits
from local_aws.sagemaker.pipeline.definition import parse_definition
from local_aws.sagemaker.pipeline.records import StepState
from tests.waiting import wait_until

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "training_pipeline.json"
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


def nodes(*names: str) -> list[Node]:
    return [Node(name, name, "", "") for name in names]


def arrows(drawing: Drawing) -> set[tuple[str, str, str]]:
    return {(line.edge.source, line.edge.target, line.edge.label) for line in drawing.lines}


def places(drawing: Drawing) -> dict[str, tuple[float, float]]:
    return {box.node.id: (box.x, box.y) for box in drawing.boxes}


def assert_nothing_overlaps(drawing: Drawing) -> None:
    for one, other in combinations(drawing.boxes, 2):
        apart = abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= BOX_HEIGHT
        assert apart, (one, other)
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - BOX_WIDTH and 0 <= box.y <= drawing.height - BOX_HEIGHT


def test_edges_go_down_and_boxes_do_not_overlap():
    edges = [Edge("a", "b"), Edge("a", "c"), Edge("b", "d"), Edge("c", "d"), Edge("a", "d")]
    drawing = draw(nodes("a", "b", "c", "d"), edges)
    assert_nothing_overlaps(drawing)
    place = places(drawing)
    assert all(place[edge.source][1] < place[edge.target][1] for edge in edges)
    assert len(drawing.lines) == 5


def test_loops_of_any_kind_are_drawn_too():
    drawing = draw(nodes("a", "b", "c"), [Edge("a", "b"), Edge("b", "c"), Edge("c", "a"), Edge("b", "b")])
    assert_nothing_overlaps(drawing)
    assert arrows(drawing) == {("a", "b", ""), ("b", "c", ""), ("c", "a", ""), ("b", "b", "")}
    assert all(max(float(x) for x in re.findall(r"[MCL ](\d+\.\d)", line.path)) for line in drawing.lines)


def test_two_edges_between_the_same_nodes_are_one_with_both_labels():
    drawing = draw(nodes("a", "b"), [Edge("a", "b", "x = 1"), Edge("a", "b", "otherwise")])
    assert arrows(drawing) == {("a", "b", "x = 1, otherwise")}


def test_nothing_and_one_node_can_be_drawn():
    assert draw([], []).boxes == []
    assert len(draw(nodes("alone"), []).boxes) == 1


def test_hundreds_of_steps_are_drawn_at_once():
    names = [f"step-{number}" for number in range(400)]
    edges = [Edge(names[number // 3], names[number]) for number in range(1, 400)]

    def seconds() -> float:
        began = time.process_time()
        assert len(draw(nodes(*names), edges).boxes) == 400
        return time.process_time() - began

    # of the processor, and again: the machine may have other things to do
    wait_until(lambda: seconds() < 2, "a drawing within two seconds")


def test_a_pipeline_is_drawn_with_the_state_of_every_step():
    definition = parse_definition(GOLDEN.read_text())
    states = {
        "ExtractCifar": StepState("ExtractCifar", "Succeeded", NOW, NOW + timedelta(seconds=65)),
        "TrainClassifier": StepState("TrainClassifier", "Executing", NOW),
        "CreateModel": StepState("CreateModel", "Succeeded", NOW, NOW, cached_from="arn:aws:sagemaker:::pipeline/p"),
    }
    running = draw_pipeline(definition, states, True, NOW + timedelta(seconds=9))
    assert_nothing_overlaps(running)
    drawn = {box.node.id: box.node for box in running.boxes}
    assert set(drawn) == set(definition.steps)
    assert drawn["ExtractCifar"].detail == "Succeeded, 1 min 05 s"
    assert drawn["TrainClassifier"].detail == "Executing, 9.0 s"
    assert drawn["CreateModel"].detail == "Succeeded, cached"
    assert drawn["RejectModel"].status == WAITING
    assert ("CheckQuality", "RejectModel", "else") in arrows(running)
    # what another arrow says already is left out
    assert ("ExtractCifar", "EvaluateModel", "") not in arrows(running)
    ended = draw_pipeline(definition, states, False, NOW)
    assert {box.node.status for box in ended.boxes} == {"Succeeded", "Executing", NOT_RUN}


def machine(**states: Any) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def test_the_states_of_a_machine_are_drawn_with_those_within_them():
    definition = machine(
        Look={"Type": "Pass", "Next": "Route"},
        Route={
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.score", "NumericGreaterThanEquals": 0.93, "Next": "Each"},
                {"And": [], "Next": "Stop"},
            ],
            "Default": "Stop",
        },
        Each={
            "Type": "Map",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "Catch": [{"ErrorEquals": ["Doubtful", "States.Timeout"], "Next": "Look"}],
            "End": True,
        },
        Stop={"Type": "Succeed"},
    )
    drawing = draw_state_machine(definition)
    assert_nothing_overlaps(drawing)
    assert arrows(drawing) == {
        ("Look", "Route", ""),
        ("Route", "Each", "score ≥ 0.93"),
        ("Route", "Stop", "and, otherwise"),
        ("Each", "One", "each item"),
        ("Each", "Look", "Doubtful, States.Timeout"),
    }
    coloured = draw_state_machine(definition, {"Look": Visit(2, "SUCCEEDED"), "Route": Visit(1, "RUNNING")})
    details = {box.node.id: (box.node.detail, box.node.status) for box in coloured.boxes}
    assert details["Look"] == ("Pass, succeeded, 2 times", "SUCCEEDED")
    assert details["Stop"] == ("Succeed, not visited", NOT_VISITED)


def test_states_that_items_go_through_by_themselves_are_not_called_not_visited():
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "One", "States": {"One": {"Type": "Succeed"}}}
    definition = machine(All={"Type": "Map", "ItemProcessor": processor, "End": True})
    drawing = draw_state_machine(definition, {"All": Visit(1, "SUCCEEDED")})
    details = {box.node.id: (box.node.detail, box.node.status) for box in drawing.boxes}
    assert details == {"All": ("Map, succeeded", "SUCCEEDED"), "One": ("Succeed, each item by itself", "")}


class History:
    """Events in the form of GetExecutionHistory."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, kind: str, **details: Any) -> History:
        number = len(self.events) + 1
        self.events.append({"id": number, "previousEventId": number - 1, "type": kind, **details})
        return self

    def enter(self, name: str) -> History:
        return self.add("TaskStateEntered", stateEnteredEventDetails={"name": name})

    def leave(self, name: str) -> History:
        return self.add("TaskStateExited", stateExitedEventDetails={"name": name})


def test_what_became_of_a_state_is_read_from_the_history():
    history = History().add("ExecutionStarted")
    history.enter("Sound").add("TaskSucceeded").leave("Sound")
    history.enter("Retried").add("TaskFailed").add("TaskSucceeded").leave("Retried")
    history.enter("Caught").add("LambdaFunctionTimedOut").leave("Caught")
    history.enter("Sound").add("TaskFailed").add("ExecutionFailed")
    found = visits(history.events, running=False)
    assert found == {
        "Sound": Visit(2, "FAILED"),
        "Retried": Visit(1, "SUCCEEDED"),
        "Caught": Visit(1, CAUGHT),
    }
    assert visits(history.events[:-2], running=True)["Sound"] == Visit(2, "RUNNING")
