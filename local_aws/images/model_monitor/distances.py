"""How far a distribution is from its baseline, as deequ's Distance has it.

Both are the largest absolute difference: of the cumulated distributions of numbers, of the shares of categories. Robust
takes away what two samples of the same distribution may differ by chance alone, at the level 0.003 of the two-sample
Kolmogorov-Smirnov test: https://github.com/awslabs/deequ/blob/master/src/main/scala/com/amazon/deequ/analyzers/Distance.scala
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from .categories import CategoryCounts
from .kll import QuantileSketch

C_ALPHA = 1.8


def numerical_distance(current: QuantileSketch, baseline: QuantileSketch, robust: bool) -> float:
    """0 to 1. Both sketches need a value."""
    current_values, current_ranks = current.cumulated()
    baseline_values, baseline_ranks = baseline.cumulated()
    points = np.union1d(current_values, baseline_values)

    def cumulated(values: np.ndarray, ranks: np.ndarray) -> np.ndarray:
        not_above = np.concatenate([[0], ranks])[np.searchsorted(values, points, side="right")]
        return not_above / ranks[-1]

    differences = np.abs(cumulated(current_values, current_ranks) - cumulated(baseline_values, baseline_ranks))
    return _corrected(float(differences.max()), current.count, baseline.count, robust)


def categorical_distance(current: CategoryCounts, baseline: Mapping[str, int], robust: bool) -> float:
    """0 to 1. Both need a value."""
    total = sum(baseline.values())
    baseline_shares = {text: count / total for text, count in baseline.items()}
    counts = {text: current.count(text) for text in baseline} | dict(current.most_common(len(baseline) + 1))
    difference = max(abs(count / current.total - baseline_shares.get(text, 0.0)) for text, count in counts.items())
    return _corrected(difference, current.total, total, robust)


def _corrected(distance: float, size: int, baseline_size: int, robust: bool) -> float:
    if not robust:
        return distance
    return max(0.0, distance - C_ALPHA * math.sqrt((size + baseline_size) / (size * baseline_size)))
