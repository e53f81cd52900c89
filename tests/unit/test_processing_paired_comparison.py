"""Paired comparison: against published examples, and against figures worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from processing.paired_comparison import PairedComparison, compare_answers, difference_interval, p_differ, p_worse

# M. W. Fagerland, S. Lydersen, P. Laake, "Statistical Analysis of Contingency Tables", 2017, chapter 8: airway
# hyper-responsiveness (Bentur et al., 2009) and complete response to therapy (Cavo et al., 2012).
AIRWAY = PairedComparison(1, 1, 7, 12)
RESPONSE = PairedComparison(59, 6, 16, 80)
# D. G. Altman et al., "Statistics with Confidence", 2000, table 6.2
ALTMAN = PairedComparison(14, 5, 0, 22)


@pytest.mark.parametrize(
    ("paired", "difference", "interval"),
    [
        (AIRWAY, -0.2857, (-0.5069, -0.0256)),
        (RESPONSE, -0.0621, (-0.1186, -0.0046)),
        (ALTMAN, 0.122, (0.011, 0.226)),
    ],
    ids=["airway", "response", "altman"],
)
def test_difference_and_newcombes_interval_are_the_published_ones(
    paired: PairedComparison, difference: float, interval: tuple[float, float]
) -> None:
    assert paired.difference == pytest.approx(difference, abs=5e-4)
    assert difference_interval(paired) == pytest.approx(interval, abs=5e-4)


def test_mcnemars_exact_test_is_the_published_one() -> None:
    assert p_differ(AIRWAY) == pytest.approx(0.0703, abs=5e-5)


@pytest.mark.parametrize(("won", "lost"), [(0, 1), (3, 9), (9, 3), (40, 61), (5, 5)])
def test_p_values_are_those_of_scipys_binomial_test(won: int, lost: int) -> None:
    paired = PairedComparison(50, won, lost, 10)
    assert p_differ(paired) == pytest.approx(stats.binomtest(won, won + lost, 0.5).pvalue)
    assert p_worse(paired) == pytest.approx(stats.binomtest(won, won + lost, 0.5, alternative="less").pvalue)


def test_one_image_lost_without_a_win_is_no_evidence_and_five_are() -> None:
    # worked out by hand: 1/2, 1/16, 1/32
    assert p_worse(PairedComparison(10, 0, 1, 0)) == 0.5
    assert p_worse(PairedComparison(10, 0, 4, 0)) == 1 / 16
    assert p_worse(PairedComparison(10, 0, 5, 0)) == 1 / 32


def test_the_same_answers_throughout_give_a_difference_of_zero_and_p_of_one() -> None:
    paired = PairedComparison(180, 0, 0, 20)
    assert (paired.difference, p_worse(paired), p_differ(paired)) == (0.0, 1.0, 1.0)
    lower, upper = difference_interval(paired)
    assert lower < 0 < upper
    assert upper == pytest.approx(-lower)


@pytest.mark.parametrize(
    "paired",
    [
        PairedComparison(1, 0, 0, 0),
        PairedComparison(0, 5, 0, 0),
        PairedComparison(0, 0, 5, 0),
        PairedComparison(0, 0, 0, 5),
    ],
)
def test_extremes_stay_within_one_and_hold_the_difference(paired: PairedComparison) -> None:
    lower, upper = difference_interval(paired)
    assert -1 <= lower <= paired.difference <= upper <= 1


def test_many_discordant_images_are_counted_exactly() -> None:
    paired = PairedComparison(0, 1500, 1600, 0)
    assert p_worse(paired) == pytest.approx(stats.binom.cdf(1500, 3100, 0.5))


def test_images_are_counted_by_who_was_right() -> None:
    candidate = np.array([True, True, False, False, True])
    champion = np.array([True, False, True, False, True])
    paired = compare_answers(candidate, champion)
    assert paired == PairedComparison(2, 1, 1, 1)
    assert (paired.images, paired.discordant) == (5, 2)
    assert (paired.candidate_accuracy, paired.champion_accuracy) == (0.6, 0.6)
