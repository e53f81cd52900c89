"""Whether a model is as sure as it is right, and what its confidence means at work. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.metrics import wilson_interval

# The probability of the likelier of two classes lies between 0.5 and 1: ten bins of 0.05.
BINS = 10
# The inference workflow sends what is less certain than this to a human (its template's Threshold).
WORKING_THRESHOLD = 0.93
THRESHOLDS = (0.6, 0.7, 0.8, 0.9, WORKING_THRESHOLD, 0.95, 0.99)


@dataclass(frozen=True)
class ReliabilityBin:
    """The images whose confidence lies in lower..upper: how many, how sure on average, how often right.

    `right_lower` and `right_upper` are the 95 % Wilson interval of `right`.
    """

    lower: float
    upper: float
    images: int
    confidence: float
    right: float
    right_lower: float
    right_upper: float


@dataclass(frozen=True)
class ThresholdEffect:
    """What a confidence threshold does: the share below it, which a human sees, and how right the rest is.

    `accuracy` and its 95 % Wilson interval are None where nothing reaches the threshold.
    """

    threshold: float
    reviewed: int
    review_share: float
    decided: int
    accuracy: float | None
    accuracy_lower: float | None
    accuracy_upper: float | None


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_], classes: int) -> list[ReliabilityBin]:
    """The bins, of equal width from 1/classes to 1, that hold an image; both arrays are (n,), n at least 1."""
    lowest = 1 / classes
    edges = np.linspace(lowest, 1, BINS + 1)
    # the last bin holds 1 itself; rounding may put a confidence just below the lowest edge
    numbers = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, BINS - 1)
    return [
        _bin(edges[number], edges[number + 1], confidence[numbers == number], right[numbers == number])
        for number in np.unique(numbers).tolist()
    ]


def expected_calibration_error(bins: list[ReliabilityBin]) -> float:
    """The bins' distances between confidence and accuracy, weighted by their images: 0 perfect, 1 the worst.

    As in C. Guo et al., "On Calibration of Modern Neural Networks", 2017, over the bins given.
    """
    images = sum(each.images for each in bins)
    return sum(each.images / images * abs(each.right - each.confidence) for each in bins)


def threshold_effect(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], threshold: float = WORKING_THRESHOLD
) -> ThresholdEffect:
    """What the threshold does to these images; a confidence equal to it is decided without a human."""
    decided = confidence >= threshold
    count, images = int(decided.sum()), len(confidence)
    if not count:
        return ThresholdEffect(threshold, images, 1.0, 0, None, None, None)
    hits = int((right & decided).sum())
    return ThresholdEffect(
        threshold, images - count, (images - count) / images, count, hits / count, *wilson_interval(hits, count)
    )


def _bin(lower: float, upper: float, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> ReliabilityBin:
    hits, images = int(right.sum()), len(right)
    interval = wilson_interval(hits, images)
    return ReliabilityBin(float(lower), float(upper), images, float(confidence.mean()), hits / images, *interval)
