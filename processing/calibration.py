"""Whether a model is as sure as it is right. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.metrics import wilson_interval

METHOD = (
    "expected calibration error (Guo et al., On Calibration of Modern Neural Networks, 2017), "
    "10 bins of equal width from 0.5 to 1"
)
# The probability of the likelier of two classes lies between 0.5 and 1: ten bins of 0.05.
BINS = 10
# What the project wants of its model. It is told, and no gate.
ERROR_BAR = 0.05
_SIMULATIONS = 1000
_SIMULATION_SEED = 0


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
class ErrorByChance:
    """The calibration error that a perfectly calibrated model shows on so many images of such confidence.

    It is not 0, for a bin's share of right answers varies by chance: `mean`, and what 95 % of models stay below.
    """

    mean: float
    upper: float


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_], classes: int) -> list[ReliabilityBin]:
    """The bins, of equal width from 1/classes to 1, that hold an image; both arrays are (n,), n at least 1."""
    edges = _edges(classes)
    numbers = _bin_numbers(confidence, edges)
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


def error_by_chance(confidence: NDArray[np.float64], classes: int) -> ErrorByChance:
    """From 1,000 simulated models that are right exactly as often as they are sure, with a fixed seed."""
    numbers = _bin_numbers(confidence, _edges(classes))
    rng = np.random.default_rng(_SIMULATION_SEED)
    errors = []
    for _ in range(_SIMULATIONS):
        right = rng.random(len(confidence)) < confidence
        surplus = np.bincount(numbers, weights=right - confidence, minlength=BINS)
        errors.append(float(np.abs(surplus).sum()) / len(confidence))
    return ErrorByChance(float(np.mean(errors)), float(np.quantile(errors, 0.95)))


def _edges(classes: int) -> NDArray[np.float64]:
    return np.linspace(1 / classes, 1, BINS + 1, dtype=np.float64)


def _bin_numbers(confidence: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    # the last bin holds 1 itself; rounding may put a confidence just below the lowest edge
    return np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, BINS - 1)


def _bin(lower: float, upper: float, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> ReliabilityBin:
    hits, images = int(right.sum()), len(right)
    interval = wilson_interval(hits, images)
    return ReliabilityBin(float(lower), float(upper), images, float(confidence.mean()), hits / images, *interval)
