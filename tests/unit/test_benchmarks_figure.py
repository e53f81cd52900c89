"""Figures, their verdicts and their spread; times taken in turns."""

from __future__ import annotations

import math

import pytest

from benchmarks.figure import Promise, Spread, all_met
from benchmarks.turns import Turns, in_turns

OVERHEAD = Promise("overhead", "ratio", "at most", 1.15)
SHARE = Promise("share", "share", "at least", 0.95)
BESIDE = Promise("beside", "ratio", "at most", beside="a peer")


@pytest.mark.parametrize(
    ("figure", "passed"),
    [
        (OVERHEAD.found(1.15), True),
        (OVERHEAD.found(1.1501), False),
        (OVERHEAD.found(math.nan), False),
        (SHARE.found(0.95), True),
        (SHARE.found(0.9499), False),
        (SHARE.found(math.nan), False),
        (BESIDE.found(9.0), None),
        (OVERHEAD.not_here("no Docker"), None),
    ],
)
def test_the_bar_decides(figure, passed) -> None:
    assert figure.passed is passed
    assert all_met([OVERHEAD.found(1.0), figure]) is (passed is not False)


def test_the_spread_of_measurements() -> None:
    assert Spread.of([3.0, 1.0, 10.0]) == Spread(3, 1.0, 3.0, 10.0)
    with pytest.raises(ValueError, match="no measurements"):
        Spread.of([])


@pytest.mark.parametrize(
    ("hits", "trials", "least", "most"),
    # Wilson's interval, from its closed form: with no hits the upper bound is z²/(n + z²)
    [(0, 200, 0.0, 0.01885), (200, 200, 0.98115, 1.0), (50, 100, 0.40383, 0.59617), (9, 10, 0.59585, 0.98212)],
)
def test_the_spread_of_a_share(hits, trials, least, most) -> None:
    found = Spread.of_share(hits, trials)
    assert (found.repeats, found.kind, found.median) == (trials, "interval", hits / trials)
    assert found.least == pytest.approx(least, abs=1e-5)
    assert found.most == pytest.approx(most, abs=1e-5)
    assert found.least <= found.median <= found.most


def test_no_share_of_nothing() -> None:
    with pytest.raises(ValueError, match="no trials"):
        Spread.of_share(0, 0)


def test_a_ratio_of_turns_is_that_of_medians_and_spreads_by_round() -> None:
    turns = Turns(
        {"ours": [[2.0, 2.0, 90.0], [4.0, 4.0, 4.0]], "theirs": [[1.0] * 3, [1.0] * 3], "more": [[1.0] * 3] * 2}
    )
    value, spread = turns.ratio("ours", ["theirs", "more"])
    assert value == 2.0  # the median of all six is 4, over 1 + 1
    assert spread == Spread(2, 1.0, 1.5, 2.0)


def test_actions_take_turns_after_a_warm_up() -> None:
    calls: list[str] = []
    turns = in_turns(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=2, each_round=3, warm_up=1
    )
    assert "".join(calls) == "ab" + "aaabbb" * 2
    assert [len(each) for each in turns.rounds["a"]] == [3, 3]
    assert all(value >= 0 for each in turns.rounds["b"] for value in each)
