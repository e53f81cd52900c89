"""Metrics: against scikit-learn, against figures worked out by hand, and their JSON form."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from processing.metrics import (
    MetricUndefined,
    binary_classification_metrics,
    metric_intervals,
    resample_metrics,
    wilson_interval,
)


def sample(seed: int, decimals: int = 2) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels, and probabilities rounded so far that some are equal."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 150)
    positive = np.clip(labels * 0.3 + rng.uniform(0, 0.7, 150), 0, 1).round(decimals)
    return labels, np.stack([1 - positive, positive], axis=1)


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_scikit_learn(seed: int) -> None:
    labels, probabilities = sample(seed)
    predicted = probabilities.argmax(axis=1)
    result = binary_classification_metrics(labels, probabilities)
    expected = {
        "accuracy": reference.accuracy_score(labels, predicted),
        "precision": reference.precision_score(labels, predicted),
        "recall": reference.recall_score(labels, predicted),
        "f1": reference.f1_score(labels, predicted),
        "auc": reference.roc_auc_score(labels, probabilities[:, 1]),
    }
    assert {name: result[name]["value"] for name in expected} == pytest.approx(expected)


def test_curves_are_those_of_scikit_learn() -> None:
    labels, probabilities = sample(0)
    result = binary_classification_metrics(labels, probabilities)
    false_positives, true_positives, _ = reference.roc_curve(labels, probabilities[:, 1], drop_intermediate=False)
    precisions, recalls, _ = reference.precision_recall_curve(labels, probabilities[:, 1])
    roc, pr = result["receiver_operating_characteristic_curve"], result["precision_recall_curve"]
    assert roc["false_positive_rates"] == pytest.approx(false_positives.tolist())
    assert roc["true_positive_rates"] == pytest.approx(true_positives.tolist())
    assert pr["precisions"] == pytest.approx(precisions.tolist())
    assert pr["recalls"] == pytest.approx(recalls.tolist())


def test_confusion_matrix_has_true_labels_outside_and_predicted_ones_inside() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    positive = np.array([0.1, 0.2, 0.9, 0.8, 0.3])
    result = binary_classification_metrics(labels, np.stack([1 - positive, positive], axis=1))
    assert result["confusion_matrix"] == {"0": {"0": 2, "1": 1}, "1": {"0": 1, "1": 1}}


def test_same_input_gives_the_same_deviations_and_they_are_near_the_binomial_ones() -> None:
    labels, probabilities = sample(1)
    first, second = (binary_classification_metrics(labels, probabilities) for _ in range(2))
    assert first == second
    accuracy = first["accuracy"]["value"]
    binomial = (accuracy * (1 - accuracy) / len(labels)) ** 0.5
    assert first["accuracy"]["standard_deviation"] == pytest.approx(binomial, rel=0.15)


def uncertain(count: int) -> NDArray[np.float64]:
    return np.full((count, 2), 0.5)


@pytest.mark.parametrize(
    "probabilities",
    [uncertain(4), np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 0, 0, 0]], np.eye(2)[[1, 1, 0, 0]]],
    ids=["undecided", "perfect", "never positive", "always wrong"],
)
def test_extreme_models_give_finite_figures_that_json_can_hold(probabilities: NDArray[np.float64]) -> None:
    result: dict[str, Any] = binary_classification_metrics(np.array([0, 0, 1, 1]), probabilities)
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_labels_of_one_class_only_are_refused() -> None:
    with pytest.raises(MetricUndefined, match="both classes"):
        binary_classification_metrics(np.array([1, 1]), uncertain(2))


def test_wilson_interval_is_the_textbook_one_and_stays_within_0_and_1() -> None:
    assert wilson_interval(182, 200) == pytest.approx((0.8622, 0.9424), abs=1e-4)
    assert wilson_interval(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson_interval(0, 10)[0] == 0.0


def test_shares_have_wilsons_interval_and_the_others_the_bootstraps() -> None:
    labels, probabilities = sample(2)
    resampled = resample_metrics(labels, probabilities)
    metrics = binary_classification_metrics(labels, probabilities, resampled)
    matrix = metrics["confusion_matrix"]
    intervals = metric_intervals(matrix, resampled)
    assert {name: interval.method for name, interval in intervals.items()} == {
        "accuracy": "wilson",
        "precision": "wilson",
        "recall": "wilson",
        "f1": "bootstrap",
        "auc": "bootstrap",
    }
    for name, interval in intervals.items():
        assert 0 <= interval.lower < metrics[name]["value"] < interval.upper <= 1
    positives = sum(matrix["1"].values())
    recall = intervals["recall"]
    assert (recall.lower, recall.upper) == wilson_interval(matrix["1"]["1"], positives)
    # the bootstrap's width is about that of the normal approximation
    auc = intervals["auc"]
    assert auc.upper - auc.lower == pytest.approx(2 * 1.96 * metrics["auc"]["standard_deviation"], rel=0.15)


def test_precision_of_a_model_that_never_says_positive_is_unknown() -> None:
    resampled = resample_metrics(np.array([0, 1]), np.eye(2)[[0, 0]])
    assert metric_intervals({"0": {"0": 1, "1": 0}, "1": {"0": 1, "1": 0}}, resampled)["precision"].upper == 1.0
