"""Binary metrics in SageMaker's model-quality form. Pure: labels and probabilities to plain numbers."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]

_RESAMPLES = 1000
_BOOTSTRAP_SEED = 0


class MetricUndefined(ProcessingFailure):
    """The labels do not hold both classes, so that recall, AUC and the curves have no value."""


def binary_classification_metrics(labels: Labels, probabilities: Probabilities) -> dict[str, Any]:
    """The content of `binary_classification_metrics` as the registry reads it; label 1 is the positive class.

    labels: (n,) of 0 and 1, both present. probabilities: (n, 2), finite, rows summing to 1; the prediction
    is the larger one (label 0 on a tie). Each metric has its value and a standard deviation, from 1,000
    bootstrap resamples within each class with a fixed seed. Every number is finite.

    Raises MetricUndefined.
    """
    if set(np.unique(labels).tolist()) != {0, 1}:
        raise MetricUndefined("the test images do not hold both classes; extract them again from an archive that does")
    scores, predicted = probabilities[:, 1], probabilities.argmax(axis=1)
    values = _point_metrics(labels, predicted, scores)
    spread = _bootstrap_deviations(labels, predicted, scores)
    return {
        **{name: {"value": value, "standard_deviation": spread[name]} for name, value in values.items()},
        "confusion_matrix": {
            str(actual): {str(guess): int(((labels == actual) & (predicted == guess)).sum()) for guess in (0, 1)}
            for actual in (0, 1)
        },
        **_curves(labels, scores),
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


def _bootstrap_deviations(labels: Labels, predicted: Labels, scores: Probabilities) -> dict[str, float]:
    rng = np.random.default_rng(_BOOTSTRAP_SEED)
    negatives, positives = np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)
    resampled = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate([rng.choice(negatives, len(negatives)), rng.choice(positives, len(positives))])
        resampled.append(_point_metrics(labels[rows], predicted[rows], scores[rows]))
    return {name: float(np.std([metrics[name] for metrics in resampled])) for name in resampled[0]}
