"""Values for an execution, checked against the definition before anything is started."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.definition import check_parameter_values

DEFINITION: dict[str, Any] = {
    "Parameters": [
        {"Name": "Epochs", "Type": "Integer", "DefaultValue": 30},
        {"Name": "LearningRate", "Type": "Float", "DefaultValue": 0.05},
        {"Name": "Status", "Type": "String", "DefaultValue": "A", "EnumValues": ["A", "B"]},
        {"Name": "Keep", "Type": "Boolean", "DefaultValue": True},
        {"Name": "Data", "Type": "String"},
    ]
}


@pytest.mark.parametrize(
    "values",
    [
        {"Epochs": "3"},
        {"Epochs": 3},
        {"LearningRate": "1e-3"},
        {"LearningRate": "1"},
        {"Status": "B"},
        {"Keep": "false"},
    ],
)
def test_fitting_values_have_no_problems(values: dict[str, object]) -> None:
    assert check_parameter_values(DEFINITION, {"Data": "s3://b/k", **values}) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"Epoch": "3"}, "Epoch: no such parameter: there are Epochs, LearningRate, Status, Keep, Data"),
        ({"Epochs": "3.5"}, "Epochs: '3.5' is not of type Integer"),
        ({"Epochs": "many"}, "Epochs: 'many' is not of type Integer"),
        ({"LearningRate": "fast"}, "LearningRate: 'fast' is not of type Float"),
        ({"LearningRate": "nan"}, "LearningRate: 'nan' is not of type Float"),
        ({"Status": "C"}, "Status: 'C' is not one of A, B"),
        ({"Keep": "1"}, "Keep: '1' is not of type Boolean"),
        ({"Data": "x" * 1025}, "Data: has 1025 characters, at most 1024 are allowed"),
    ],
)
def test_what_does_not_fit_is_named(values: dict[str, object], expected: str) -> None:
    problems = [str(problem) for problem in check_parameter_values(DEFINITION, {"Data": "s3://b/k", **values})]
    assert problems == [expected]


def test_a_parameter_without_default_must_be_given() -> None:
    assert [str(problem) for problem in check_parameter_values(DEFINITION, {})] == [
        "Data: is missing and has no default"
    ]
