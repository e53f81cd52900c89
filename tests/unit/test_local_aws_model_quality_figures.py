"""The figures of model quality: against scikit-learn, against the examples of the service's guide, and undefined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from local_aws.images.model_monitor import binary_classification, multiclass_classification, regression
from local_aws.images.model_monitor.model_quality_deviation import standard_deviations
from local_aws.images.model_monitor.model_quality_samples import Samples

BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}


def of_matrix(matrix: list[list[int]], classes: tuple[str, ...] = ("0", "1")) -> Samples:
    """Samples with this confusion matrix: a row a true class."""
    pairs = [(true, said) for true, row in enumerate(matrix) for said, count in enumerate(row) for _ in range(count)]
    labels, predictions = np.array(pairs).T
    return Samples(labels, predictions, None, classes)


def binary_samples(count: int, seed: int, decimals: int = 16) -> Samples:
    """Scores that know something of the labels; few decimals make ties."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count)
    scores = np.round(np.clip(labels * 0.3 + generator.random(count) * 0.7, 0, 1), decimals)
    return Samples(labels, (scores > 0.5).astype(np.int64), scores, ("0", "1"))


def test_binary_figures_are_those_of_the_guides_example() -> None:
    figures = binary_classification.figures(of_matrix([[1, 2], [0, 1]]))
    assert figures == pytest.approx(
        {
            "recall": 1.0,
            "precision": 0.3333333333333333,
            "accuracy": 0.5,
            "recall_best_constant_classifier": 1.0,
            "precision_best_constant_classifier": 0.25,
            "accuracy_best_constant_classifier": 0.25,
            "true_positive_rate": 1.0,
            "true_negative_rate": 0.33333333333333337,
            "false_positive_rate": 0.6666666666666666,
            "false_negative_rate": 0.0,
            "f0_5": 0.3846153846153846,
            "f1": 0.5,
            "f2": 0.7142857142857143,
            "f0_5_best_constant_classifier": 0.29411764705882354,
            "f1_best_constant_classifier": 0.4,
            "f2_best_constant_classifier": 0.625,
        }
    )


def test_multiclass_figures_are_those_of_the_guides_example() -> None:
    figures = multiclass_classification.figures(of_matrix([[1180, 510], [268, 138]]))
    assert figures == pytest.approx(
        {
            "accuracy": 0.6288167938931297,
            "weighted_recall": 0.6288167938931297,
            "weighted_precision": 0.6983172269629505,
            "weighted_f0_5": 0.6803947317178771,
            "weighted_f1": 0.6571162346664904,
            "weighted_f2": 0.6384024354394601,
            "accuracy_best_constant_classifier": 0.19370229007633588,
            "weighted_recall_best_constant_classifier": 0.19370229007633588,
            "weighted_precision_best_constant_classifier": 0.03752057718081697,
            "weighted_f0_5_best_constant_classifier": 0.04473443104152011,
            "weighted_f1_best_constant_classifier": 0.06286421244683643,
            "weighted_f2_best_constant_classifier": 0.10570313141262414,
        }
    )


@pytest.mark.parametrize("decimals", [16, 1])
@pytest.mark.parametrize("count", [20, 3000])
def test_binary_figures_agree_with_scikit_learn(count: int, decimals: int) -> None:
    samples = binary_samples(count, seed=count, decimals=decimals)
    labels, predictions, scores = samples.labels, samples.predictions, samples.probabilities
    figures = binary_classification.figures(samples)
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(labels, predictions),
        "precision": sklearn_metrics.precision_score(labels, predictions),
        "recall": sklearn_metrics.recall_score(labels, predictions),
        "true_negative_rate": sklearn_metrics.recall_score(labels, predictions, pos_label=0),
        "auc": sklearn_metrics.roc_auc_score(labels, scores),
        **{name: sklearn_metrics.fbeta_score(labels, predictions, beta=beta) for name, beta in BETAS.items()},
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert figures["false_positive_rate"] == pytest.approx(1 - figures["true_negative_rate"])
    precisions, recalls, _ = sklearn_metrics.precision_recall_curve(labels, scores)
    # scikit-learn's curve begins at precision 1, Spark's and so the service's at that of the highest score
    precisions[-1] = precisions[-2]
    assert figures["au_prc"] == pytest.approx(sklearn_metrics.auc(recalls, precisions), abs=1e-12)
    matrix = binary_classification.details(samples)["confusion_matrix"]
    assert [[matrix[true][said] for said in "01"] for true in "01"] == sklearn_metrics.confusion_matrix(
        labels, predictions
    ).tolist()


def test_curves_run_through_scikit_learns_points_and_stay_short() -> None:
    samples = binary_samples(400, seed=5)
    curve = binary_classification.details(samples)["receiver_operating_characteristic_curve"]
    false_rates, true_rates, _ = sklearn_metrics.roc_curve(
        samples.labels, samples.probabilities, drop_intermediate=False
    )
    assert curve["false_positive_rates"] == pytest.approx(false_rates.tolist())
    assert curve["true_positive_rates"] == pytest.approx(true_rates.tolist())
    long = binary_classification.details(binary_samples(50_000, seed=6))
    for name in ("receiver_operating_characteristic_curve", "precision_recall_curve"):
        first, second = long[name].values()
        assert 500 < len(first) == len(second) <= 1001
    rates = long["receiver_operating_characteristic_curve"]
    assert (rates["false_positive_rates"][0], rates["true_positive_rates"][0]) == (0.0, 0.0)
    assert (rates["false_positive_rates"][-1], rates["true_positive_rates"][-1]) == (1.0, 1.0)


def test_multiclass_figures_agree_with_scikit_learn_where_a_class_is_never_predicted() -> None:
    generator = np.random.default_rng(11)
    labels = generator.integers(0, 4, 700)
    predictions = np.where(generator.random(700) < 0.6, labels, 1)
    predictions[predictions == 3] = 0
    samples = Samples(labels, predictions, None, ("bicycle", "car", "motorcycle", "tram"))
    figures = multiclass_classification.figures(samples)
    options: dict[str, Any] = {"average": "weighted", "zero_division": 0}
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(labels, predictions),
        "weighted_precision": sklearn_metrics.precision_score(labels, predictions, **options),
        "weighted_recall": sklearn_metrics.recall_score(labels, predictions, **options),
        **{
            f"weighted_{name}": sklearn_metrics.fbeta_score(labels, predictions, beta=beta, **options)
            for name, beta in BETAS.items()
        },
        "accuracy_best_constant_classifier": (labels == 3).mean(),
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    matrix = multiclass_classification.details(samples)["confusion_matrix"]
    assert [list(row.values()) for row in matrix.values()] == sklearn_metrics.confusion_matrix(
        labels, predictions
    ).tolist()
    assert list(matrix) == list(matrix["tram"]) == list(samples.classes)


def test_regression_figures_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(12)
    labels = generator.normal(50, 20, 500)
    predictions = labels + generator.normal(1, 5, 500)
    assert regression.figures(Samples(labels, predictions)) == pytest.approx(
        {
            "mae": sklearn_metrics.mean_absolute_error(labels, predictions),
            "mse": sklearn_metrics.mean_squared_error(labels, predictions),
            "rmse": sklearn_metrics.root_mean_squared_error(labels, predictions),
            "r2": sklearn_metrics.r2_score(labels, predictions),
        }
    )


@pytest.mark.parametrize(
    ("labels", "undefined"),
    [
        ([0, 0, 0], {"recall", "true_positive_rate", "false_negative_rate", "auc", "au_prc",
                     "recall_best_constant_classifier"}),
        ([1, 1, 1], {"true_negative_rate", "false_positive_rate", "auc", "au_prc"}),
    ],
)  # fmt: skip
def test_with_one_class_alone_what_has_no_value_is_undefined_and_there_are_no_curves(
    labels: list[int], undefined: set[str]
) -> None:
    samples = Samples(np.array(labels), np.array([0, 1, 1]), np.array([0.1, 0.8, 0.9]), ("0", "1"))
    figures = binary_classification.figures(samples)
    assert {name for name, value in figures.items() if math.isnan(value)} == undefined
    assert list(binary_classification.details(samples)) == ["confusion_matrix"]


def test_figures_that_cannot_be_computed_are_undefined_rather_than_an_error() -> None:
    nothing_said = binary_classification.figures(of_matrix([[3, 0], [2, 0]]))
    assert math.isnan(nothing_said["precision"]) and nothing_said["f1"] == 0.0
    assert math.isnan(regression.figures(Samples(np.array([2.0, 2.0]), np.array([1.0, 3.0])))["r2"])
    huge = regression.figures(Samples(np.array([1e300, -1e300]), np.array([-1e300, 1e300])))
    assert huge["mse"] == math.inf and math.isnan(huge["r2"])


def test_the_standard_deviation_is_that_of_five_samples_of_80_percent_and_always_the_same() -> None:
    samples = binary_samples(1000, seed=8)
    deviations = standard_deviations(samples, binary_classification.figures)
    assert deviations == standard_deviations(samples, binary_classification.figures)
    assert set(deviations) == set(binary_classification.figures(samples))
    # a share p of 800 drawn without replacement from 1,000: its variance is p (1 - p) / 800 * 200 / 999
    accuracy = binary_classification.figures(samples)["accuracy"]
    expected = math.sqrt(accuracy * (1 - accuracy) / 800 * 200 / 999)
    assert expected / 3 < deviations["accuracy"] < expected * 2


def test_below_200_samples_there_is_no_standard_deviation() -> None:
    few = standard_deviations(binary_samples(199, seed=1), binary_classification.figures)
    assert all(math.isnan(value) for value in few.values())
    enough = standard_deviations(binary_samples(200, seed=1), binary_classification.figures)
    assert enough["accuracy"] > 0
