"""Calibration, against figures worked out by hand."""

import numpy as np
import pytest

from processing.calibration import ErrorByChance, error_by_chance, expected_calibration_error, reliability


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


def test_an_error_by_chance_is_what_a_calibrated_model_shows_on_few_images() -> None:
    # one image, 0.75 sure: right with chance 3/4 and then 0.25 off, else 0.75 off; on average 2 * 3/4 * 1/4
    alone = error_by_chance(np.array([0.75]), 2)
    assert alone.mean == pytest.approx(0.375, abs=0.025)
    assert alone.upper == 0.75
    # the mean distance of a binomial's share of 400 from its own 0.9 is about sqrt(2 * 0.9 * 0.1 / (400 * pi))
    many = error_by_chance(np.full(400, 0.9), 2)
    assert many.mean == pytest.approx(np.sqrt(2 * 0.9 * 0.1 / (400 * np.pi)), rel=0.1)
    assert many.mean < many.upper < 0.05


def test_sure_answers_that_are_right_have_no_error_by_chance() -> None:
    assert error_by_chance(np.ones(20), 2) == ErrorByChance(0.0, 0.0)
