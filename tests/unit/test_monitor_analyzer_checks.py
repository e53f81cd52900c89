"""Checks against a baseline: each documented violation, where it is raised and where it is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from local_aws.images.model_monitor.categories import CategoryCounts
from local_aws.images.model_monitor.checks import Violation, distances, violations
from local_aws.images.model_monitor.constraints_file import read_constraints, suggest
from local_aws.images.model_monitor.dataset_profile import DatasetProfile
from local_aws.images.model_monitor.distances import categorical_distance, numerical_distance
from local_aws.images.model_monitor.kll import QuantileSketch
from local_aws.images.model_monitor.lines import Damage
from local_aws.images.model_monitor.result_files import write_json
from local_aws.images.model_monitor.statistics_file import read_statistics, statistics_of

Edit = Callable[[dict[str, Any]], None]
ROWS = [{"n": number, "x": number / 10, "kind": "ab"[number % 2]} for number in range(100)]


def profile_of(rows: list[dict[str, Any]]) -> DatasetProfile:
    profile = DatasetProfile()
    profile.add_rows(rows)
    return profile


def checked(folder: Path, rows: list[dict[str, Any]], edit: Edit | None = None) -> list[Violation]:
    """What is found in `rows`, with ROWS as the baseline and its constraints edited."""
    before, current = profile_of(ROWS), profile_of(rows)
    constraints = suggest(before)
    if edit:
        edit(constraints)
    write_json(folder / "constraints.json", constraints)
    write_json(folder / "statistics.json", statistics_of(before, Damage()))
    baseline = read_constraints(folder / "constraints.json"), read_statistics(folder / "statistics.json")
    return violations(current, baseline[0], distances(current, *baseline))


def changed(**values: Any) -> list[dict[str, Any]]:
    return [row | values for row in ROWS]


def found(folder: Path, rows: list[dict[str, Any]], edit: Edit | None = None) -> list[tuple[str, str]]:
    return [(each.feature_name, each.constraint_check_type) for each in checked(folder, rows, edit)]


def distribution(**values: Any) -> Edit:
    return lambda document: document["monitoring_config"]["distribution_constraints"].update(values)


def monitoring(**values: Any) -> Edit:
    return lambda document: document["monitoring_config"].update(values)


def test_the_baseline_satisfies_its_own_constraints(tmp_path: Path) -> None:
    assert checked(tmp_path, ROWS) == []


def test_types_that_differ_are_told_in_the_services_words(tmp_path: Path) -> None:
    rows = [row | {"n": row["n"] + 0.5 if row["n"] < 50 else row["n"]} for row in ROWS]
    assert checked(tmp_path, rows) == [
        Violation(
            "n",
            "data_type_check",
            "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. "
            "Observed: Only 50.0% of data is Integral.",
        )
    ]
    assert found(tmp_path, rows, monitoring(datatype_check_threshold=0.5)) == []


def test_an_integer_is_a_fraction_and_a_word_is_no_number(tmp_path: Path) -> None:
    assert found(tmp_path, [row | {"x": int(row["x"])} for row in ROWS]) == []
    assert found(tmp_path, changed(x="dark")) == [("x", "data_type_check")]


def test_missing_values_are_told(tmp_path: Path) -> None:
    rows = [row | {"x": None} if row["n"] % 10 == 0 else row for row in ROWS]
    (violation,) = checked(tmp_path, rows)
    assert (violation.feature_name, violation.constraint_check_type) == ("x", "completeness_check")
    assert "100.0%" in violation.description and "90.0%" in violation.description
    assert found(tmp_path, rows, lambda document: document["features"][1].update(completeness=0.9)) == []


def test_a_column_without_any_value_is_incomplete_and_nothing_else(tmp_path: Path) -> None:
    assert found(tmp_path, changed(kind=None)) == [("kind", "completeness_check")]


def test_unknown_categories_are_told(tmp_path: Path) -> None:
    rows = [row | {"kind": "truck"} if row["n"] % 20 == 0 else row for row in ROWS]
    (violation,) = checked(tmp_path, rows)
    assert (violation.feature_name, violation.constraint_check_type) == ("kind", "categorical_values_check")
    assert "'truck'" in violation.description and "95.0%" in violation.description
    assert found(tmp_path, rows, monitoring(domain_content_threshold=0.95)) == []


def test_drift_is_told_with_distance_and_threshold(tmp_path: Path) -> None:
    rows = [row | {"x": row["x"] + 6} for row in ROWS]
    (violation,) = checked(tmp_path, rows, distribution(comparison_method="Simple"))
    assert violation == Violation("x", "baseline_drift_check", "Baseline drift distance: 0.6 exceeds threshold: 0.1")
    (violation,) = checked(tmp_path, rows)
    assert float(violation.description.split()[3]) == pytest.approx(0.6 - 1.8 * math.sqrt(200 / 10_000), abs=1e-6)
    assert found(tmp_path, rows, distribution(comparison_threshold=0.61, comparison_method="linf_simple")) == []
    assert found(tmp_path, rows, distribution(perform_comparison="Disabled")) == []


def test_robust_forgives_small_samples_what_simple_does_not(tmp_path: Path) -> None:
    rows = [row | {"x": row["x"] + 3} for row in ROWS[::11]]
    assert found(tmp_path, rows, distribution(comparison_method="Simple")) == [("x", "baseline_drift_check")]
    assert found(tmp_path, rows) == []


def test_categories_drift_by_their_shares_with_a_threshold_of_their_own(tmp_path: Path) -> None:
    rows = [row | {"kind": "a"} if row["n"] % 4 else row for row in ROWS]
    simple = {"comparison_method": "Simple"}
    assert found(tmp_path, rows, distribution(**simple)) == [("kind", "baseline_drift_check")]
    assert found(tmp_path, rows, distribution(**simple, categorical_comparison_threshold=0.5)) == []
    assert found(tmp_path, rows, distribution(**simple, comparison_threshold=0.6)) == [("kind", "baseline_drift_check")]


def test_missing_and_extra_columns_are_told_with_their_names(tmp_path: Path) -> None:
    rows = [{"n": row["n"], "kind": row["kind"], "y": 1, "z": 1} for row in ROWS]
    missing, extra = checked(tmp_path, rows)
    assert (missing.constraint_check_type, extra.constraint_check_type) == (
        "missing_column_check",
        "extra_column_check",
    )
    assert missing.description == (
        "There are missing columns in current dataset. Number of columns in current dataset: 4, "
        "Number of columns in baseline constraints: 3. Missing: x."
    )
    assert extra.description.endswith("Extra: y, z.")


def test_nothing_is_evaluated_where_that_is_disabled(tmp_path: Path) -> None:
    rows = [{"n": 1.5, "kind": "c", "more": 1}]
    assert len(found(tmp_path, rows)) > 3
    assert found(tmp_path, rows, monitoring(evaluate_constraints="Disabled")) == []


@pytest.mark.parametrize("key", ["monitoringConfigOverrides", "monitoring_config_overrides"])
def test_a_features_overrides_hold_for_it_alone(tmp_path: Path, key: str) -> None:
    rows = [row | {"x": row["x"] + 6, "n": row["n"] + 60} for row in ROWS]

    def override(value: dict[str, Any]) -> Edit:
        return lambda document: document["features"][1].update({key: value})

    assert len(found(tmp_path, rows)) == 2
    for value in (
        {"evaluate_constraints": "Disabled"},
        {"distribution_constraints": {"comparison_threshold": 0.9}},
        {"distribution_constraints": {"perform_comparison": "Disabled"}},
    ):
        assert found(tmp_path, rows, override(value)) == [("n", "baseline_drift_check")]


def test_domains_are_suggested_for_few_values_that_come_again() -> None:
    few = [{"v": str(number % 3) + "x"} for number in range(30)]
    singles = [*few, {"v": "once"}]
    many = [{"v": f"v{number % 121}"} for number in range(500)]
    assert suggest(profile_of(few))["features"][0]["string_constraints"] == {"domains": ["0x", "1x", "2x"]}
    assert "string_constraints" not in suggest(profile_of(singles))["features"][0]
    assert "string_constraints" not in suggest(profile_of(many))["features"][0]


def test_suggestions_are_what_was_observed() -> None:
    features = suggest(profile_of([{"a": 1, "b": -1.0, "c": None}, {"a": None, "b": 2.0, "c": None}]))["features"]
    assert [feature["completeness"] for feature in features] == [0.5, 1.0, 0.0]
    assert [feature["inferred_type"] for feature in features] == ["Integral", "Fractional", "Unknown"]
    assert [feature.get("num_constraints", {}).get("is_non_negative") for feature in features] == [True, False, None]


@pytest.mark.parametrize(("size", "shift"), [(50, 0.0), (500, 0.3), (20_000, 0.0), (60_000, 0.5)])
def test_numerical_distance_is_that_of_the_kolmogorov_smirnov_test(size: int, shift: float) -> None:
    generator = np.random.default_rng(size)
    samples = generator.normal(size=size), generator.normal(shift, size=2_000)
    sketches = []
    for sample in samples:
        sketch = QuantileSketch()
        sketch.add(sample)
        sketches.append(QuantileSketch.of_levels(sketch.levels()))
    exact = float(stats.ks_2samp(*samples).statistic)
    assert numerical_distance(*sketches, robust=False) == pytest.approx(exact, abs=0.0025)
    correction = 1.8 * math.sqrt((size + 2_000) / (size * 2_000))
    assert numerical_distance(*sketches, robust=True) == pytest.approx(max(0.0, exact - correction), abs=0.0025)


def test_categorical_distance_is_the_largest_difference_of_shares() -> None:
    current = CategoryCounts()
    current.add(["a"] * 7 + ["c"] * 3)
    assert categorical_distance(current, {"a": 50, "b": 50}, robust=False) == pytest.approx(0.5)
    current.add(["c"] * 90)
    assert categorical_distance(current, {"a": 50, "b": 50}, robust=False) == pytest.approx(0.93)
    assert categorical_distance(current, {"a": 50, "b": 50}, robust=True) == pytest.approx(0.93 - 1.8 * 0.02**0.5)
