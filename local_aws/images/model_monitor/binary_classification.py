"""The figures of a binary classification; class 1 is the positive one. Pure: samples to numbers, NaN where undefined.

Names: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model_quality_samples import Samples

# of a curve in statistics.json; the areas are of all points
MOST_POINTS = 1000


def figures(samples: Samples) -> dict[str, float]:
    """Each metric's value. `auc` and `au_prc` are there only where the samples have probabilities.

    The best constant classifier of the service is the one that always says 1, as the figures in its guide show.
    """
    hits, misses, alarms, rejections = _counts(samples)
    positives, negatives = hits + misses, alarms + rejections
    values = {
        "recall": _share(hits, positives),
        "precision": _share(hits, hits + alarms),
        "accuracy": _share(hits + rejections, positives + negatives),
        "recall_best_constant_classifier": _share(positives, positives),
        "precision_best_constant_classifier": _share(positives, positives + negatives),
        "accuracy_best_constant_classifier": _share(positives, positives + negatives),
        "true_positive_rate": _share(hits, positives),
        "true_negative_rate": _share(rejections, negatives),
        "false_positive_rate": _share(alarms, negatives),
        "false_negative_rate": _share(misses, positives),
    }
    if samples.probabilities is not None:
        values |= _areas(samples.labels, samples.probabilities)
    betas = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
    values |= {name: _f(beta, hits, misses, alarms) for name, beta in betas.items()}
    return values | {
        f"{name}_best_constant_classifier": _f(beta, positives, 0, negatives) for name, beta in betas.items()
    }


def details(samples: Samples) -> dict[str, Any]:
    """The confusion matrix (true class, then predicted class) and, of probabilities, the curves."""
    hits, misses, alarms, rejections = _counts(samples)
    found: dict[str, Any] = {"confusion_matrix": {"0": {"0": rejections, "1": alarms}, "1": {"0": misses, "1": hits}}}
    if samples.probabilities is None or not hits + misses or not alarms + rejections:
        return found
    recalls, false_rates, precisions = (_thinned(curve) for curve in _curves(samples.labels, samples.probabilities))
    return found | {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [0.0, *false_rates],
            "true_positive_rates": [0.0, *recalls],
        },
        "precision_recall_curve": {"precisions": [precisions[0], *precisions], "recalls": [0.0, *recalls]},
    }


def _counts(samples: Samples) -> tuple[int, int, int, int]:
    """Hits, misses, false alarms, correct rejections."""
    table = np.bincount(samples.labels.astype(np.int64) * 2 + samples.predictions, minlength=4)
    rejections, alarms, misses, hits = (int(count) for count in table)
    return hits, misses, alarms, rejections


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _f(beta: float, hits: int, misses: int, alarms: int) -> float:
    weighted = beta * beta
    whole = (1 + weighted) * hits + weighted * misses + alarms
    return (1 + weighted) * hits / whole if whole else math.nan


def _areas(labels: NDArray[Any], scores: NDArray[np.float64]) -> dict[str, float]:
    """The areas under the curves, by trapezia; the precision-recall curve begins level, as Spark's does."""
    positives = int(labels.sum())
    if positives in (0, len(labels)):
        return {"auc": math.nan, "au_prc": math.nan}
    recalls, false_rates, precisions = _curves(labels, scores)
    return {
        "auc": _area(np.append(0.0, false_rates), np.append(0.0, recalls)),
        "au_prc": _area(np.append(0.0, recalls), np.append(precisions[0], precisions)),
    }


def _area(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2)


def _curves(
    labels: NDArray[Any], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Recall, false positive rate and precision at each threshold that occurs, from the highest down to the lowest."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last_of_score = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = np.cumsum(labels[order], dtype=np.int64)[last_of_score]
    guessed = last_of_score + 1
    positives = hits[-1]
    return hits / positives, (guessed - hits) / (len(labels) - positives), hits / guessed


def _thinned(curve: NDArray[np.float64]) -> list[float]:
    """At most MOST_POINTS of the curve, its last one among them."""
    step = -(-len(curve) // MOST_POINTS)
    thinned: list[float] = curve[::-1][::step][::-1].tolist()
    return thinned
