"""The files of the analyzer against AWS's documented schemas, written down here as JSON Schema.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-statistics.html and the pages beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.monitor_analyzer_records import analysed, baseline, record, result, side, write_lines

NUMBER: dict[str, Any] = {"type": "number"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
SWITCH = {"enum": ["Enabled", "Disabled"]}
CHECKS = ("data_type", "completeness", "baseline_drift", "missing_column", "extra_column", "categorical_values")


def exactly(**properties: Any) -> dict[str, Any]:
    """An object of these members, all of which it needs."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def many(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


COMMON = exactly(num_present=COUNT, num_missing=COUNT)
BUCKET = exactly(lower_bound=NUMBER, upper_bound=NUMBER, count=COUNT)
SKETCH = exactly(parameters=exactly(c={"const": 0.64}, k={"const": 2048}), data=many(many(NUMBER)))
NUMERICAL = exactly(
    common=COMMON,
    mean=NUMBER,
    sum=NUMBER,
    std_dev={"type": "number", "minimum": 0},
    min=NUMBER,
    max=NUMBER,
    distribution=exactly(kll=exactly(buckets=many(BUCKET, minItems=10, maxItems=10), sketch=SKETCH)),
)
CATEGORICAL = exactly(
    common=COMMON,
    distinct_count=COUNT,
    distribution=exactly(categorical=exactly(buckets=many(exactly(value={"type": "string"}, count=COUNT)))),
)
NAME = {"type": "string", "minLength": 1}
STATISTICS = exactly(
    version={"const": 0},
    dataset={
        "type": "object",
        "properties": {"item_count": COUNT, "damaged_lines": {"type": "object", "additionalProperties": COUNT}},
        "required": ["item_count"],
        "additionalProperties": False,
    },
    features=many(
        {
            "oneOf": [
                exactly(name=NAME, inferred_type={"enum": ["Integral", "Fractional"]}, numerical_statistics=NUMERICAL),
                exactly(name=NAME, inferred_type={"enum": ["String", "Unknown"]}, string_statistics=CATEGORICAL),
            ]
        }
    ),
)
CONSTRAINTS = exactly(
    version={"const": 0},
    features=many(
        {
            "type": "object",
            "properties": {
                "name": NAME,
                "inferred_type": {"enum": ["Integral", "Fractional", "String", "Unknown"]},
                "completeness": SHARE,
                "num_constraints": exactly(is_non_negative={"type": "boolean"}),
                "string_constraints": exactly(domains=many({"type": "string"}, minItems=1)),
            },
            "required": ["name", "inferred_type", "completeness"],
            "additionalProperties": False,
        }
    ),
    monitoring_config=exactly(
        evaluate_constraints=SWITCH,
        emit_metrics=SWITCH,
        datatype_check_threshold=SHARE,
        domain_content_threshold=SHARE,
        distribution_constraints=exactly(
            perform_comparison=SWITCH,
            comparison_threshold=SHARE,
            comparison_method={"enum": ["Simple", "Robust"]},
            categorical_comparison_threshold=SHARE,
            categorical_drift_method={"enum": ["LInfinity", "ChiSquared"]},
        ),
    ),
)
VIOLATIONS = exactly(
    violations=many(
        exactly(
            feature_name=NAME,
            constraint_check_type={"enum": [f"{check}_check" for check in CHECKS]},
            description=NAME,
        )
    )
)
SHARED = {
    "MetricName": {"type": "string", "pattern": r"^feature_(data|non_null|baseline_drift)_.+"},
    "Timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    "Dimensions": many(exactly(Name={"enum": ["Endpoint", "MonitoringSchedule"]}, Value=NAME), minItems=1),
}
METRIC = {
    "oneOf": [
        exactly(**SHARED, Value=NUMBER),
        exactly(**SHARED, StatisticValues=exactly(SampleCount=NUMBER, Sum=NUMBER, Minimum=NUMBER, Maximum=NUMBER)),
    ]
}


def conforms(document: Any, schema: dict[str, Any]) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)]
    assert not errors


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Records with every kind of column, and a damaged line."""
    documents: list[Any] = [
        record(side(json.dumps({"p": 0.5 + n / 200, "n": n, "c": "ab"[n % 2], "none": None}), "JSON"))
        for n in range(40)
    ]
    return write_lines(tmp_path / "captured/a.jsonl", [*documents, b"\n"])


def test_statistics_and_constraints_of_a_baseline(tmp_path: Path, source: Path) -> None:
    assert analysed(tmp_path, source) == (0, "Completed: Job completed successfully with no violations.")
    statistics = result(tmp_path, "statistics.json")
    conforms(statistics, STATISTICS)
    conforms(result(tmp_path, "constraints.json"), CONSTRAINTS)
    assert [feature["inferred_type"] for feature in statistics["features"]] == [
        *("Fractional", "Integral", "String", "Unknown")
    ]
    assert statistics["dataset"] == {"item_count": 40, "damaged_lines": {"empty": 1}}


def test_violations_and_metrics_of_a_monitoring_job(tmp_path: Path, source: Path) -> None:
    variables = baseline(tmp_path / "baseline", source)
    documents = [record(side(json.dumps({"p": 1, "n": n + 0.5, "c": "z", "more": 1}), "JSON")) for n in range(30)]
    code, message = analysed(
        tmp_path,
        write_lines(tmp_path / "today/a.jsonl", documents),
        publish_cloudwatch_metrics="Enabled",
        sagemaker_endpoint_name="endpoint",
        sagemaker_monitoring_schedule_name="schedule",
        **variables,
    )
    found = result(tmp_path, "constraint_violations.json")
    conforms(found, VIOLATIONS)
    assert (code, message) == (
        0,
        f"CompletedWithViolations: Job completed successfully with {len(found['violations'])} violations.",
    )
    assert {violation["constraint_check_type"] for violation in found["violations"]} >= {
        *("data_type_check", "baseline_drift_check", "missing_column_check", "extra_column_check"),
        "categorical_values_check",
    }
    lines = (tmp_path / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    metrics = {metric["MetricName"]: metric for metric in map(json.loads, lines)}
    for metric in metrics.values():
        conforms(metric, METRIC)
    assert metrics["feature_non_null_p"]["Value"] == 1.0
    assert metrics["feature_baseline_drift_c"]["Value"] > 0.5
    assert metrics["feature_data_n"]["StatisticValues"] == {
        **{"SampleCount": 30.0, "Sum": 450.0, "Minimum": 0.5, "Maximum": 29.5}
    }
    assert "feature_baseline_drift_more" not in metrics
