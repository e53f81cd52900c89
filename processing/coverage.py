"""What a confidence threshold costs: how many images it leaves to a human, and how right the rest is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.metrics import wilson_interval

# The inference workflow sends what is less certain than this to a human (its template's Threshold).
WORKING_THRESHOLD = 0.93
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, WORKING_THRESHOLD, 0.95, 0.99)
# From what decides everything to what only full certainty passes, in hundredths.
CURVE_THRESHOLDS = tuple(hundredths / 100 for hundredths in range(50, 101))
_SHARES = ("coverage", "coverage_lower", "coverage_upper", "accuracy", "accuracy_lower", "accuracy_upper")


@dataclass(frozen=True)
class ThresholdEffect:
    """What a confidence threshold does: the images below it, which a human sees, and how right the rest is.

    `coverage` is the share decided without a human, `review_share` the share left to one. Both intervals are 95 %
    Wilson ones; `accuracy` and its interval are None where nothing reaches the threshold.
    """

    threshold: float
    reviewed: int
    review_share: float
    decided: int
    coverage: float
    coverage_lower: float
    coverage_upper: float
    accuracy: float | None
    accuracy_lower: float | None
    accuracy_upper: float | None


def threshold_effect(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], threshold: float = WORKING_THRESHOLD
) -> ThresholdEffect:
    """What the threshold does to these images; a confidence equal to it is decided without a human.

    Both arrays are (n,), n at least 1.
    """
    decided = confidence >= threshold
    count, images = int(decided.sum()), len(confidence)
    hits = int((right & decided).sum())
    accuracy: tuple[float | None, ...] = (None, None, None)
    if count:
        accuracy = (hits / count, *wilson_interval(hits, count))
    return ThresholdEffect(
        threshold,
        images - count,
        (images - count) / images,
        count,
        count / images,
        *wilson_interval(count, images),
        *accuracy,
    )


def threshold_effects(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], thresholds: Sequence[float]
) -> list[ThresholdEffect]:
    """The effect of each threshold on the same images: over CURVE_THRESHOLDS, the curve."""
    return [threshold_effect(confidence, right, threshold) for threshold in thresholds]


def curve_document(curve: Sequence[ThresholdEffect]) -> dict[str, Any]:
    """The curve by columns, for evaluation.json; shares to four places, null where nothing reaches the threshold."""
    return {
        "thresholds": [effect.threshold for effect in curve],
        "reviewed": [effect.reviewed for effect in curve],
        **{name: [_rounded(getattr(effect, name)) for effect in curve] for name in _SHARES},
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
