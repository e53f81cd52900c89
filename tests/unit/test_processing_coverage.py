"""What a threshold costs: against figures worked out by hand, and what holds for any answers."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from processing.coverage import (
    CURVE_THRESHOLDS,
    THRESHOLDS,
    WORKING_THRESHOLD,
    curve_document,
    threshold_effect,
    threshold_effects,
)
from processing.metrics import wilson_interval

TEMPLATE = Path(__file__).resolve().parents[2] / "inference_workflow" / "template.yaml"


def answers(seed: int, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidence and rightness of images, some of them exactly on a threshold of the curve."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1, images)
    confidence[:: max(1, images // 7)] = rng.choice(CURVE_THRESHOLDS)
    return confidence, rng.random(images) < confidence


def test_confidence_at_the_threshold_is_decided_and_below_it_goes_to_a_human() -> None:
    effect = threshold_effect(np.array([0.93, 0.929, 0.99, 0.6]), np.array([True, True, False, True]), 0.93)
    assert (effect.reviewed, effect.review_share, effect.decided, effect.accuracy) == (2, 0.5, 2, 0.5)
    assert effect.coverage == 0.5


def test_a_threshold_that_nothing_reaches_has_no_accuracy() -> None:
    effect = threshold_effect(np.array([0.6, 0.7]), np.array([True, True]), 0.93)
    assert (effect.review_share, effect.coverage, effect.accuracy, effect.accuracy_lower) == (1.0, 0.0, None, None)


def test_both_shares_have_wilsons_interval() -> None:
    effect = threshold_effect(np.array([0.99] * 8 + [0.6] * 2), np.array([True] * 7 + [False] * 3), 0.9)
    # Wilson by hand: (p + z2/2n -+ z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n), z = 1.96
    assert (effect.coverage_lower, effect.coverage_upper) == (
        pytest.approx(0.4902, abs=1e-4),
        pytest.approx(0.9433, abs=1e-4),
    )
    assert effect.accuracy == 7 / 8
    assert (effect.accuracy_lower, effect.accuracy_upper) == wilson_interval(7, 8)


def test_the_curve_by_hand() -> None:
    confidence, right = np.array([0.55, 0.75, 0.75, 0.95]), np.array([False, True, False, True])
    curve = {each.threshold: each for each in threshold_effects(confidence, right, CURVE_THRESHOLDS)}
    found = {at: (curve[at].coverage, curve[at].accuracy, curve[at].reviewed) for at in (0.5, 0.56, 0.75, 0.76, 0.96)}
    assert found == {
        0.5: (1.0, 0.5, 0),
        0.56: (0.75, 2 / 3, 1),
        0.75: (0.75, 2 / 3, 1),
        0.76: (0.25, 1.0, 3),
        0.96: (0.0, None, 4),
    }


def test_the_curve_goes_from_a_half_to_one_by_hundredths_and_holds_the_working_threshold() -> None:
    assert (CURVE_THRESHOLDS[0], CURVE_THRESHOLDS[-1], len(CURVE_THRESHOLDS)) == (0.5, 1.0, 51)
    assert WORKING_THRESHOLD in CURVE_THRESHOLDS
    assert set(THRESHOLDS) <= set(CURVE_THRESHOLDS)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("images", [1, 3, 200])
def test_a_higher_threshold_never_decides_more(seed: int, images: int) -> None:
    confidence, right = answers(seed, images)
    curve = threshold_effects(confidence, right, CURVE_THRESHOLDS)
    assert (curve[0].coverage, curve[0].accuracy) == (1.0, right.mean())
    for lower, higher in pairwise(curve):
        assert higher.coverage <= lower.coverage
        assert higher.reviewed >= lower.reviewed
    for each in curve:
        assert each.reviewed + each.decided == images
        assert each.coverage_lower <= each.coverage <= each.coverage_upper + 1e-12
        assert (each.accuracy is None) == (each.decided == 0)
        if each.accuracy is not None:
            assert each.accuracy * each.decided == pytest.approx((right & (confidence >= each.threshold)).sum())
            assert 0 <= each.accuracy_lower <= each.accuracy <= each.accuracy_upper + 1e-12 <= 1 + 1e-12


def test_evaluation_json_holds_the_curve_by_columns_of_one_length() -> None:
    document = curve_document(threshold_effects(*answers(3, 50), CURVE_THRESHOLDS))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert {len(column) for column in document.values()} == {len(CURVE_THRESHOLDS)}
    at = document["thresholds"].index(WORKING_THRESHOLD)
    effect = threshold_effect(*answers(3, 50))
    assert document["reviewed"][at] == effect.reviewed
    assert document["coverage"][at] == pytest.approx(effect.coverage, abs=1e-4)
    assert document["accuracy"][at] == pytest.approx(effect.accuracy, abs=1e-4)


def test_the_working_threshold_is_the_workflows_own() -> None:
    parameter = re.search(r"^  Threshold:\n((?:    .*\n)+)", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert parameter is not None
    assert f"Default: {WORKING_THRESHOLD:g}\n" in parameter.group(1)
