"""Baseline files that people have edited: what is wrong with one is told in one line, with its key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_aws.images.model_monitor.constraints_file import read_constraints, suggest
from local_aws.images.model_monitor.dataset_profile import DatasetProfile
from local_aws.images.model_monitor.errors import AnalysisFailed
from local_aws.images.model_monitor.lines import Damage
from local_aws.images.model_monitor.result_files import write_json
from local_aws.images.model_monitor.statistics_file import read_statistics, statistics_of

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def profile() -> DatasetProfile:
    """Of the features n (Integral), x (Fractional) and kind (String with a domain)."""
    made = DatasetProfile()
    made.add_rows({"n": number, "x": number / 10, "kind": "ab"[number % 2]} for number in range(100))
    return made


def distribution(**values: Any) -> Edit:
    return lambda document: document["monitoring_config"]["distribution_constraints"].update(values)


def monitoring(**values: Any) -> Edit:
    return lambda document: document["monitoring_config"].update(values)


BAD_CONSTRAINTS: list[tuple[Edit, str]] = [
    (lambda d: d.update(versoin=1), "unknown key 'versoin'"),
    (lambda d: d.update(version=1), "version is 1"),
    (lambda d: d.pop("features"), "features is null"),
    (lambda d: d["features"].append("x"), r"features\[3\] is \"x\""),
    (lambda d: d["features"].append(d["features"][0]), r"features\[3\].name is \"n\""),
    (lambda d: d["features"][0].update(completness=1), r"unknown key 'completness' of features\[0\]"),
    (lambda d: d["features"][0].update(completeness="1"), r"features\[0\].completeness is \"1\""),
    (lambda d: d["features"][0].update(completeness=True), r"features\[0\].completeness is true"),
    (lambda d: d["features"][0].update(completeness=1.5), "a number from 0 to 1"),
    (lambda d: d["features"][0].update(inferred_type="Float"), "one of Integral, Fractional"),
    (lambda d: d["features"][0]["num_constraints"].update(is_non_negative="yes"), 'is_non_negative is "yes"'),
    (lambda d: d["features"][2]["string_constraints"].update(domains="ab"), 'domains is "ab"'),
    (lambda d: d["features"][0].update(monitoringConfigOverrides={"treshold": 1}), "unknown key 'treshold'"),
    (monitoring(evaluate_constraints="enabled"), 'evaluate_constraints is "enabled"'),
    (monitoring(datatype_check_threshold="1.0"), 'monitoring_config.datatype_check_threshold is "1.0"'),
    (distribution(comparison_method="Robst"), 'comparison_method is "Robst"'),
    (distribution(categorical_drift_method="ChiSquared"), "not one of LInfinity"),
    (distribution(comparion_method="Simple"), "unknown key 'comparion_method'"),
]


@pytest.mark.parametrize(("edit", "message"), BAD_CONSTRAINTS)
def test_constraints_edited_wrongly_are_refused_with_their_key(
    tmp_path: Path, profile: DatasetProfile, edit: Edit, message: str
) -> None:
    document = suggest(profile)
    edit(document)
    write_json(tmp_path / "constraints.json", document)
    with pytest.raises(AnalysisFailed, match=message) as caught:
        read_constraints(tmp_path / "constraints.json")
    assert str(caught.value).startswith("constraints.json: ")
    assert "\n" not in str(caught.value)


BAD_STATISTICS: list[tuple[Edit, str]] = [
    (lambda d: d.update(version=2), "version is 2"),
    (lambda d: d.update(extra=2), "unknown key 'extra'"),
    (lambda d: d["dataset"].update(item_count=-1), "dataset.item_count is -1, not a count"),
    (lambda d: d["features"][0].update(inferred_type=None), r"features\[0\].inferred_type is null"),
    (lambda d: d["features"][0].pop("numerical_statistics"), r"features\[0\].numerical_statistics is null"),
    (lambda d: d["features"][0]["numerical_statistics"]["distribution"]["kll"].pop("sketch"), "kll.sketch is null"),
    (
        lambda d: d["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"].update(data=[["1"]]),
        "sketch.data",
    ),
    (lambda d: d["features"][2]["string_statistics"]["common"].update(num_present="9"), 'num_present is "9"'),
]


@pytest.mark.parametrize(("edit", "message"), BAD_STATISTICS)
def test_statistics_edited_wrongly_are_refused_with_their_key(
    tmp_path: Path, profile: DatasetProfile, edit: Edit, message: str
) -> None:
    document = statistics_of(profile, Damage())
    edit(document)
    write_json(tmp_path / "statistics.json", document)
    with pytest.raises(AnalysisFailed, match=message):
        read_statistics(tmp_path / "statistics.json")


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"version": NaN}', "\x89PNG", "[" * 100_000])
def test_a_file_that_is_no_document_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "constraints.json").write_text(text)
    with pytest.raises(AnalysisFailed, match=r"^constraints\.json") as caught:
        read_constraints(tmp_path / "constraints.json")
    assert "\n" not in str(caught.value)


def test_a_file_as_the_service_writes_it_is_read(tmp_path: Path, profile: DatasetProfile) -> None:
    document = suggest(profile) | {"version": 0}
    del document["monitoring_config"]["distribution_constraints"]["categorical_drift_method"]
    (tmp_path / "constraints.json").write_text(json.dumps(document))
    assert read_constraints(tmp_path / "constraints.json").config.robust
