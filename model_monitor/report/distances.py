"""How far the window's values are from the baseline's, in Model Monitor's own measure. Pure.

The largest difference of the cumulated distributions (of the shares, with categories). Robust takes away what chance
can do at these sizes: https://github.com/awslabs/deequ/blob/master/src/main/scala/com/amazon/deequ/analyzers/Distance.scala
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from model_monitor.report.baseline_profile import FeatureBaseline

# two-sample Kolmogorov-Smirnov test at the level 0.003
C_ALPHA = 1.8


def numerical_distance(values: NDArray[np.float64], baseline: FeatureBaseline) -> float | None:
    """0 to 1, of finite values; None where one side has none."""
    if not len(values) or not len(baseline.values):
        return None
    ordered = np.sort(values)
    points = np.union1d(ordered, baseline.values)
    now = np.searchsorted(ordered, points, side="right") / len(ordered)
    places = np.searchsorted(baseline.values, points, side="right")
    then = np.concatenate([[0], baseline.ranks])[places] / baseline.ranks[-1]
    return _corrected(float(np.abs(now - then).max()), len(values), int(baseline.ranks[-1]), baseline.robust)


def categorical_distance(counts: Mapping[str, int], baseline: FeatureBaseline) -> float | None:
    """0 to 1; None where one side has no values, or the baseline has not all of its categories."""
    size, size_then = sum(counts.values()), sum(baseline.categories.values())
    if not size or not size_then or size_then != baseline.present:
        return None
    largest = max(
        abs(counts.get(name, 0) / size - baseline.categories.get(name, 0) / size_then)
        for name in {*counts, *baseline.categories}
    )
    return _corrected(largest, size, size_then, baseline.robust)


def _corrected(distance: float, size: int, size_then: int, robust: bool) -> float:
    chance = C_ALPHA * math.sqrt((size + size_then) / (size * size_then)) if robust else 0.0
    return max(0.0, distance - chance)
