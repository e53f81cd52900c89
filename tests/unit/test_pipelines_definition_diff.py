"""Two definitions compared by meaning."""

from __future__ import annotations

import json
from typing import Any

from pipelines.definition import diff_definitions, format_definition, mask_digests


def _definition(*steps: dict[str, Any], **rest: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Steps": list(steps), **rest})


def _step(name: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Training", "Arguments": arguments}


def test_key_order_and_formatting_are_no_difference() -> None:
    text = _definition(_step("Train", A=1, B=2))
    assert diff_definitions(text, format_definition(text)) == ""


def test_a_changed_value_is_told_by_step_name_and_path() -> None:
    lines = diff_definitions(
        _definition(_step("Train", Limit={"Seconds": 60})), _definition(_step("Train", Limit={"Seconds": 90}))
    )
    assert lines == "~ Steps.Train.Arguments.Limit.Seconds: 60 -> 90"


def test_an_added_and_a_removed_step_are_told_by_name_without_touching_the_others() -> None:
    lines = diff_definitions(_definition(_step("A"), _step("C")), _definition(_step("B"), _step("C")))
    assert lines.splitlines() == ["- Steps.A: Training A", "+ Steps.B: Training B"]


def test_another_order_of_steps_is_one_line() -> None:
    lines = diff_definitions(_definition(_step("A"), _step("B")), _definition(_step("B"), _step("A")))
    assert lines == "~ Steps: order A, B -> B, A"


def test_items_without_names_are_compared_by_place() -> None:
    lines = diff_definitions(
        _definition(_step("A", Args=["--x", "1"])), _definition(_step("A", Args=["--x", "2", "-y"]))
    )
    assert lines.splitlines() == [
        '~ Steps.A.Arguments.Args[1]: "1" -> "2"',
        '+ Steps.A.Arguments.Args[2]: "-y"',
    ]


def test_a_number_is_not_the_string_of_it() -> None:
    assert diff_definitions(_definition(_step("A", N=1)), _definition(_step("A", N="1"))) != ""


def test_digests_are_masked_and_nothing_else() -> None:
    assert mask_digests(f"s3://b/code/{'ab' * 32}/x {'ab' * 20}") == f"s3://b/code/<sha256>/x {'ab' * 20}"
