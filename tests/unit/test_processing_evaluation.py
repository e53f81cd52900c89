"""evaluation.json: what the pipeline reads out of it is there, as text where the registry wants text."""

from __future__ import annotations

import json
import re

import pytest

from processing.evaluation import as_document
from tests.unit.processing_evidence import made_up_evaluation


def test_outcomes_and_rejection_tell_the_pipeline_what_to_do() -> None:
    document = as_document(made_up_evaluation(mistakes=10, champion_mistakes=1))
    assert document["outcomes"] == {"accuracy": "failed", "champion": "failed"}
    assert document["rejection"].startswith("accuracy 0.75 is below AccuracyThreshold 0.85; significantly worse")
    good = as_document(made_up_evaluation(champion_mistakes=5))
    assert good["outcomes"] == {"accuracy": "passed", "champion": "passed"}
    assert good["rejection"] == "no check failed"


def test_the_comparison_is_told_in_full() -> None:
    champion = as_document(made_up_evaluation(mistakes=4, champion_mistakes=5))["champion"]
    assert champion["status"] == "compared"
    assert (champion["shared_images"], champion["only_candidate_right"], champion["only_champion_right"]) == (40, 5, 4)
    assert champion["difference"] == pytest.approx(0.025)
    assert champion["difference_interval"]["method"] == "newcombe"
    assert champion["p_worse"] == pytest.approx(382 / 512)
    assert champion["p_differ"] == 1.0


def test_without_a_champion_the_bar_alone_counts() -> None:
    document = as_document(made_up_evaluation())
    assert document["champion"] == {"status": "no champion", "champion_images": 0, "shared_images": 0}
    assert document["outcomes"]["champion"] == "passed"
    assert as_document(made_up_evaluation(mistakes=10))["outcomes"] == {"accuracy": "failed", "champion": "passed"}


@pytest.mark.parametrize("champion_mistakes", [None, 5])
def test_the_registrys_figures_are_text_that_metadata_may_hold(champion_mistakes: int | None) -> None:
    registry = as_document(made_up_evaluation(champion_mistakes=champion_mistakes))["registry"]
    for value in registry.values():
        # botocore's CustomerMetadataValue, with ASCII for its letters and numbers
        assert re.fullmatch(r"[A-Za-z0-9 _.:/=+\-@]{1,256}", value)


def test_every_number_is_one_that_json_can_hold() -> None:
    for mistakes in (0, 40):
        document = as_document(made_up_evaluation(mistakes=mistakes, champion_mistakes=mistakes))
        assert json.loads(json.dumps(document, allow_nan=False))["test_images"] == 40


def test_calibration_and_the_working_threshold_are_told_and_are_no_gate() -> None:
    evaluation = made_up_evaluation(mistakes=4)
    document = as_document(evaluation)
    calibration, working = document["calibration"], document["working_threshold"]
    assert calibration["method"].startswith("expected calibration error (Guo et al.")
    assert calibration["within_bar"] is (calibration["expected_calibration_error"] <= calibration["bar"] == 0.05)
    assert 0 < calibration["by_chance"]["mean"] < calibration["by_chance"]["upper"]
    assert working in document["thresholds"]
    assert working["reviewed"] + working["decided"] == 40
    assert len(document["coverage_curve"]["thresholds"]) == len(document["coverage_curve"]["accuracy"]) == 51
    # far from calibrated, and passed all the same: only the accuracy and the champion decide
    assert calibration["expected_calibration_error"] > 0.05
    assert evaluation.passed


def test_an_approver_reads_the_threshold_in_one_line() -> None:
    document = as_document(made_up_evaluation(mistakes=4))
    working = document["working_threshold"]
    assert document["registry"]["at_threshold"] == (
        f"0.93: coverage {working['coverage']:.2f} accuracy {working['accuracy']:.2f} "
        f"left for a human {working['reviewed']}"
    )
