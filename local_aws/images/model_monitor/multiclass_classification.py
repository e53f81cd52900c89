"""The figures of a classification into several classes, weighted by how often each is true. Pure.

Names: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model_quality_samples import Samples

BETAS = {"weighted_f0_5": 0.5, "weighted_f1": 1.0, "weighted_f2": 2.0}


def figures(samples: Samples) -> dict[str, float]:
    """Each metric's value; a class that is never predicted has precision 0, as Spark and scikit-learn have it.

    The constant classifier of the service says the last class in order: the figures in its guide are that one's, not
    those of the most frequent class.
    """
    constant = np.full(len(samples), len(samples.classes) - 1)
    compared = _figures(_matrix(samples.labels, constant, len(samples.classes)))
    return {
        **_figures(_matrix(samples.labels, samples.predictions, len(samples.classes))),
        **{f"{name}_best_constant_classifier": value for name, value in compared.items()},
    }


def details(samples: Samples) -> dict[str, Any]:
    """The confusion matrix: true class, then predicted class."""
    matrix, names = _matrix(samples.labels, samples.predictions, len(samples.classes)), samples.classes
    rows = (dict(zip(names, row, strict=True)) for row in matrix.tolist())
    return {"confusion_matrix": dict(zip(names, rows, strict=True))}


def _matrix(labels: NDArray[Any], predictions: NDArray[Any], classes: int) -> NDArray[np.int64]:
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def _figures(matrix: NDArray[np.int64]) -> dict[str, float]:
    hits, true, guessed = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    total = int(true.sum())
    if not total:
        return {name: math.nan for name in ("accuracy", "weighted_recall", "weighted_precision", *BETAS)}
    weights = true / total
    values = {
        "accuracy": hits.sum() / total,
        "weighted_recall": weights @ _shares(hits, true),
        "weighted_precision": weights @ _shares(hits, guessed),
    }
    for name, beta in BETAS.items():
        weighted = beta * beta
        values[name] = weights @ _shares((1 + weighted) * hits, weighted * true + guessed)
    return {name: float(value) for name, value in values.items()}


def _shares(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
