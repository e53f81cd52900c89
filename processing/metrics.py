"""Binary metrics in SageMaker's model-quality form. Pure: labels and probabilities to plain numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]

# Metric name -> its values over the bootstrap resamples.
Resamples = Mapping[str, NDArray[np.float64]]

LEVEL = 0.95
RESAMPLES = 1000
_BOOTSTRAP_SEED = 0


class MetricUndefined(ProcessingFailure):
    """The labels do not hold both classes, so that recall, AUC and the curves have no value."""


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval and how it was made: "wilson" or "bootstrap"."""

    method: str
    lower: float
    upper: float


def binary_classification_metrics(
    labels: Labels, probabilities: Probabilities, resampled: Resamples | None = None
) -> dict[str, Any]:
    """The content of `binary_classification_metrics` as the registry reads it; label 1 is the positive class.

    labels: (n,) of 0 and 1, both present. probabilities: (n, 2), finite, rows summing to 1; the prediction
    is the larger one (label 0 on a tie). Each metric has its value and a standard deviation, from 1,000
    bootstrap resamples within each class with a fixed seed (`resampled`, from `resample_metrics`, if it is there
    already). Every number is finite.

    Raises MetricUndefined.
    """
    resampled = resampled or resample_metrics(labels, probabilities)
    scores, predicted = probabilities[:, 1], probabilities.argmax(axis=1)
    values = _point_metrics(labels, predicted, scores)
    spread = {name: float(np.std(drawn)) for name, drawn in resampled.items()}
    return {
        **{name: {"value": value, "standard_deviation": spread[name]} for name, value in values.items()},
        "confusion_matrix": {
            str(actual): {str(guess): int(((labels == actual) & (predicted == guess)).sum()) for guess in (0, 1)}
            for actual in (0, 1)
        },
        **_curves(labels, scores),
    }


def resample_metrics(labels: Labels, probabilities: Probabilities) -> Resamples:
    """1,000 bootstrap resamples of the metrics, drawn within each class with a fixed seed. Raises MetricUndefined."""
    if set(np.unique(labels).tolist()) != {0, 1}:
        raise MetricUndefined("the test images do not hold both classes; extract them again from an archive that does")
    scores, predicted = probabilities[:, 1], probabilities.argmax(axis=1)
    rng = np.random.default_rng(_BOOTSTRAP_SEED)
    negatives, positives = np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([rng.choice(negatives, len(negatives)), rng.choice(positives, len(positives))])
        drawn.append(_point_metrics(labels[rows], predicted[rows], scores[rows]))
    return {name: np.array([values[name] for values in drawn]) for name in drawn[0]}


def metric_intervals(confusion_matrix: Mapping[str, Mapping[str, int]], resampled: Resamples) -> dict[str, Interval]:
    """95 % intervals of accuracy, precision, recall, f1 and auc.

    Wilson for the shares (of images, of positive predictions, of positives), percentiles of the bootstrap for f1
    and AUC, which are none. Precision without a positive prediction knows nothing: 0 to 1.
    """
    hits, missed = confusion_matrix["1"]["1"], confusion_matrix["1"]["0"]
    rejected, false_alarms = confusion_matrix["0"]["0"], confusion_matrix["0"]["1"]
    images, guessed = hits + missed + rejected + false_alarms, hits + false_alarms
    precision = wilson_interval(hits, guessed) if guessed else (0.0, 1.0)
    return {
        "accuracy": Interval("wilson", *wilson_interval(hits + rejected, images)),
        "precision": Interval("wilson", *precision),
        "recall": Interval("wilson", *wilson_interval(hits, hits + missed)),
        **{name: Interval("bootstrap", *_percentiles(resampled[name])) for name in ("f1", "auc")},
    }


def wilson_interval(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a proportion, in 0..1; z = 1.96 gives 95 %. trials is 1 or more."""
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half_width = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - half_width) / scale), min(1.0, (centre + half_width) / scale)


def _point_metrics(labels: Labels, predicted: Labels, scores: Probabilities) -> dict[str, float]:
    positive, guessed = labels == 1, predicted == 1
    hits = int((positive & guessed).sum())
    return {
        "accuracy": float((labels == predicted).mean()),
        # Without a positive prediction, precision counts as 0, as scikit-learn has it with zero_division=0.
        "precision": hits / max(1, int(guessed.sum())),
        "recall": hits / int(positive.sum()),
        "f1": 2 * hits / (int(guessed.sum()) + int(positive.sum())),
        "auc": _auc(positive, scores),
    }


def _auc(positive: NDArray[np.bool_], scores: Probabilities) -> float:
    # The chance that a positive scores above a negative, ties counting half.
    negatives = np.sort(scores[~positive])
    below = np.searchsorted(negatives, scores[positive], side="left")
    not_above = np.searchsorted(negatives, scores[positive], side="right")
    return float((below + not_above).mean() / (2 * len(negatives)))


def _curves(labels: Labels, scores: Probabilities) -> dict[str, dict[str, list[float]]]:
    # One point a distinct score. scikit-learn's functions give the same, but importing it takes four seconds.
    order = np.argsort(-scores, kind="stable")
    last_of_score = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true_positives = np.cumsum(labels[order])[last_of_score]
    guessed = last_of_score + 1
    recalls = true_positives / labels.sum()
    false_positive_rates = (guessed - true_positives) / (labels == 0).sum()
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [0.0, *false_positive_rates.tolist()],
            "true_positive_rates": [0.0, *recalls.tolist()],
        },
        "precision_recall_curve": {
            "precisions": [*(true_positives / guessed)[::-1].tolist(), 1.0],
            "recalls": [*recalls[::-1].tolist(), 0.0],
        },
    }


def _percentiles(drawn: NDArray[np.float64]) -> tuple[float, float]:
    tail = (1 - LEVEL) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail]).tolist()
    return lower, upper
