"""Calibration and thresholds, against figures worked out by hand."""

import numpy as np
import pytest

from processing.calibration import expected_calibration_error, reliability, threshold_effect


def test_bins_have_equal_width_and_leave_out_what_is_empty() -> None:
    confidence = np.array([0.5, 0.52, 0.61, 1.0])
    right = np.array([True, False, True, True])
    bins = reliability(confidence, right, classes=2)
    assert [(round(each.lower, 2), round(each.upper, 2), each.images) for each in bins] == [
        (0.5, 0.55, 2),
        (0.6, 0.65, 1),
        (0.95, 1.0, 1),
    ]
    assert (bins[0].confidence, bins[0].right) == (pytest.approx(0.51), 0.5)
    # Wilson's interval of one in one: 1 / (1 + z²)
    assert (bins[2].right_lower, bins[2].right_upper) == (pytest.approx(0.2065, abs=1e-4), pytest.approx(1.0))


def test_expected_calibration_error_weighs_the_bins_by_their_images() -> None:
    confidence = np.array([0.6, 0.6, 0.6, 0.9])
    right = np.array([True, False, False, True])
    # 3/4 of the images are 0.6 sure and right in 1/3, 1/4 are 0.9 sure and right always
    expected = 3 / 4 * (0.6 - 1 / 3) + 1 / 4 * (1 - 0.9)
    assert expected_calibration_error(reliability(confidence, right, 2)) == pytest.approx(expected)


def test_a_model_as_right_as_it_is_sure_has_no_error() -> None:
    confidence = np.full(10, 0.9)
    right = np.array([True] * 9 + [False])
    assert expected_calibration_error(reliability(confidence, right, 2)) == pytest.approx(0.0)


def test_confidence_at_the_threshold_is_decided_and_below_it_goes_to_a_human() -> None:
    effect = threshold_effect(np.array([0.93, 0.929, 0.99, 0.6]), np.array([True, True, False, True]), 0.93)
    assert (effect.reviewed, effect.review_share, effect.decided, effect.accuracy) == (2, 0.5, 2, 0.5)


def test_a_threshold_that_nothing_reaches_has_no_accuracy() -> None:
    effect = threshold_effect(np.array([0.6, 0.7]), np.array([True, True]), 0.93)
    assert (effect.review_share, effect.accuracy, effect.accuracy_lower) == (1.0, None, None)
