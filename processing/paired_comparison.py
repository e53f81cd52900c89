"""Two models judged on the same images: how their accuracies differ, and whether that may be chance. Pure.

The interval is Newcombe's square-and-add one (R. G. Newcombe, "Improved confidence intervals for the
difference between binomial proportions based on paired data", Statistics in Medicine 17, 1998, method 10):
closed-form, good coverage for small samples, never empty. The test is McNemar's, exact: of the images that
only one of the two gets right, either wins each with probability 1/2 if they are equally good. Sums of
binomial coefficients in whole numbers are exact, so no statistics library is needed.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.metrics import wilson_interval

METHOD = "newcombe"


@dataclass(frozen=True)
class PairedComparison:
    """The shared images by who was right; at least one."""

    both_right: int
    only_candidate_right: int
    only_champion_right: int
    both_wrong: int

    @property
    def images(self) -> int:
        return self.both_right + self.only_candidate_right + self.only_champion_right + self.both_wrong

    @property
    def discordant(self) -> int:
        """Images that exactly one of the two got right."""
        return self.only_candidate_right + self.only_champion_right

    @property
    def candidate_accuracy(self) -> float:
        return (self.both_right + self.only_candidate_right) / self.images

    @property
    def champion_accuracy(self) -> float:
        return (self.both_right + self.only_champion_right) / self.images

    @property
    def difference(self) -> float:
        """Accuracy of the candidate minus the champion's, -1 to 1."""
        return (self.only_candidate_right - self.only_champion_right) / self.images


def compare_answers(candidate_right: NDArray[np.bool_], champion_right: NDArray[np.bool_]) -> PairedComparison:
    """Count the images by who was right; both (n,), n at least 1, row for row the same image."""
    return PairedComparison(
        both_right=int((candidate_right & champion_right).sum()),
        only_candidate_right=int((candidate_right & ~champion_right).sum()),
        only_champion_right=int((~candidate_right & champion_right).sum()),
        both_wrong=int((~candidate_right & ~champion_right).sum()),
    )


def difference_interval(paired: PairedComparison) -> tuple[float, float]:
    """The 95 % interval of `difference`, by Newcombe's method 10."""
    first, second = paired.candidate_accuracy, paired.champion_accuracy
    low_first, high_first = wilson_interval(round(first * paired.images), paired.images)
    low_second, high_second = wilson_interval(round(second * paired.images), paired.images)
    correlation = _correlation(paired)

    def reach(one: float, other: float) -> float:
        return math.sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))

    lower = paired.difference - reach(first - low_first, high_second - second)
    upper = paired.difference + reach(second - low_second, high_first - first)
    return max(-1.0, lower), min(1.0, upper)


def p_differ(paired: PairedComparison) -> float:
    """McNemar's exact test, two-sided: how often models equally good differ at least this much."""
    fewer = min(paired.only_candidate_right, paired.only_champion_right)
    return min(1.0, 2 * _at_most(fewer, paired.discordant))


def p_worse(paired: PairedComparison) -> float:
    """McNemar's exact test, one-sided: how often a candidate as good as the champion does this badly or worse."""
    return _at_most(paired.only_candidate_right, paired.discordant)


def _at_most(wins: int, trials: int) -> float:
    """The chance of at most so many heads in so many tosses of a fair coin."""
    return float(sum(math.comb(trials, heads) for heads in range(wins + 1)) / 2**trials)


def _correlation(paired: PairedComparison) -> float:
    right, wrong = paired.both_right, paired.both_wrong
    won, lost = paired.only_candidate_right, paired.only_champion_right
    scale = (right + won) * (wrong + lost) * (right + lost) * (wrong + won)
    if scale == 0:
        return 0.0
    excess = float(right * wrong - won * lost)
    if excess > 0:
        # Newcombe's correction for continuity, so that a weak correlation is not overrated
        excess = max(0.0, excess - paired.images / 2)
    return excess / math.sqrt(scale)
