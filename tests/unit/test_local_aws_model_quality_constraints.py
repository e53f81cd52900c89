"""Bars for model quality: suggested, violated, and edited by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.images.model_monitor.errors import AnalysisFailed
from local_aws.images.model_monitor.model_quality_constraints import (
    Constraint,
    read_constraints,
    suggested,
    violations,
)
from local_aws.images.model_monitor.model_quality_problems import PROBLEMS

BINARY = PROBLEMS["BinaryClassification"]
KNOWN = {"accuracy", "recall", "false_positive_rate"}


def write(path: Path, bars: Any, member: str = "binary_classification_constraints", **more: Any) -> Path:
    file = path / "constraints.json"
    file.write_text(json.dumps({"version": 0.0, member: bars, **more}))
    return file


def test_the_bar_is_the_baselines_own_value_and_what_is_undefined_gets_none(tmp_path: Path) -> None:
    figures = {"recall": 0.9, "accuracy": 0.87, "false_positive_rate": 0.1, "precision": float("nan")}
    document = suggested(BINARY, figures | {"recall_best_constant_classifier": 1.0})
    assert document == {
        "version": 0.0,
        "binary_classification_constraints": {
            "recall": {"threshold": 0.9, "comparison_operator": "LessThanThreshold"},
            "accuracy": {"threshold": 0.87, "comparison_operator": "LessThanThreshold"},
            "false_positive_rate": {"threshold": 0.1, "comparison_operator": "GreaterThanThreshold"},
        },
    }
    read = read_constraints(write(tmp_path, document["binary_classification_constraints"]), BINARY, KNOWN)
    assert violations(read, figures) == []


def test_a_violation_says_metric_value_and_bar() -> None:
    constraints = [
        Constraint("accuracy", 0.93, "LessThanThreshold"),
        Constraint("recall", 0.5, "LessThanThreshold"),
        Constraint("false_positive_rate", 0.1, "GreaterThanThreshold"),
    ]
    assert violations(constraints, {"accuracy": 0.87, "recall": 0.5, "false_positive_rate": 0.2}) == [
        {
            "constraint_check_type": "LessThanThreshold",
            "description": "Metric accuracy with 0.87 was LessThanThreshold 0.93",
            "metric_name": "accuracy",
        },
        {
            "constraint_check_type": "GreaterThanThreshold",
            "description": "Metric false_positive_rate with 0.2 was GreaterThanThreshold 0.1",
            "metric_name": "false_positive_rate",
        },
    ]


def test_what_is_undefined_or_was_not_computed_violates_nothing() -> None:
    constraints = [Constraint("recall", 0.5, "LessThanThreshold"), Constraint("auc", 0.5, "LessThanThreshold")]
    assert violations(constraints, {"recall": float("nan")}) == []


def test_each_problem_bounds_metrics_that_it_computes() -> None:
    assert {name: len(problem.bars) for name, problem in PROBLEMS.items()} == {
        "BinaryClassification": 11,
        "MulticlassClassification": 6,
        "Regression": 4,
    }
    assert PROBLEMS["Regression"].constraints_member == "regression_constraints"
    assert PROBLEMS["MulticlassClassification"].metrics_member == "multiclass_classification_metrics"


LESS = {"threshold": 0.9, "comparison_operator": "LessThanThreshold"}


@pytest.mark.parametrize(
    ("bars", "told"),
    [
        ({"acuracy": LESS}, "unknown key 'acuracy' of binary_classification_constraints; known are accuracy, fal"),
        ({"accuracy": {**LESS, "treshold": 1}}, "unknown key 'treshold' of binary_classification_constraints.accuracy"),
        ({"accuracy": {**LESS, "threshold": "0.9"}}, r"accuracy.threshold is \"0.9\", not a number"),
        ({"accuracy": {**LESS, "threshold": True}}, "accuracy.threshold is true, not a number"),
        ({"accuracy": {"comparison_operator": "LessThanThreshold"}}, "accuracy.threshold is null, not a number"),
        ({"accuracy": {**LESS, "threshold": 10**400}}, "accuracy.threshold is 1000.*, not a number"),
        ({"accuracy": {**LESS, "comparison_operator": "Below"}}, r"operator is \"Below\", not one of LessThanThr"),
        ({"accuracy": 0.9}, "binary_classification_constraints.accuracy is 0.9, not an object"),
        ([], r"binary_classification_constraints is \[\], not an object"),
    ],
)
def test_constraints_edited_by_hand_are_refused_in_one_line(tmp_path: Path, bars: Any, told: str) -> None:
    with pytest.raises(AnalysisFailed, match=f"^constraints.json: .*{told}") as refused:
        read_constraints(write(tmp_path, bars), BINARY, KNOWN)
    assert "\n" not in str(refused.value)


def test_what_the_service_may_add_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, {"accuracy": {**LESS, "additional_properties": None}})
    assert read_constraints(path, BINARY, KNOWN) == [Constraint("accuracy", 0.9, "LessThanThreshold")]


def test_constraints_of_another_baseline_are_refused(tmp_path: Path) -> None:
    told = "constraints.json has no binary_classification_constraints, but version, {}: it is no baseline of a Binary"
    with pytest.raises(AnalysisFailed, match=told.format("regression_constraints")):
        read_constraints(write(tmp_path, {}, member="regression_constraints"), BINARY, KNOWN)
    with pytest.raises(AnalysisFailed, match=told.format("features")):
        read_constraints(write(tmp_path, [], member="features"), BINARY, KNOWN)
    with pytest.raises(
        AnalysisFailed, match="unknown key 'more'; known are version, binary_classification_constraints"
    ):
        read_constraints(write(tmp_path, {}, more=1), BINARY, KNOWN)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 0, "binary_classification_constraints": NaN}'])
def test_a_file_that_holds_no_object_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "constraints.json"
    path.write_text(text)
    with pytest.raises(AnalysisFailed, match=r"^constraints.json"):
        read_constraints(path, BINARY, KNOWN)
