"""Gates: what passes, what fails, and that a metric nobody measured is no pass."""

import math

import pytest

from processing.gates import SIGNIFICANCE, GateCheck, check_candidate, check_gates, explain_failures


def test_value_at_the_bar_passes_with_no_gap() -> None:
    assert check_gates({"accuracy": 0.85}, {"accuracy": 0.85}) == (GateCheck("accuracy", 0.85, 0.85, True, 0.0),)


def test_value_below_the_bar_fails_with_a_negative_gap() -> None:
    (check,) = check_gates({"accuracy": 0.8}, {"accuracy": 0.85})
    assert not check.passed
    assert check.gap == pytest.approx(-0.05)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_metric_without_a_finite_value_fails_instead_of_crashing(value: float | None) -> None:
    assert check_gates({"accuracy": value}, {"accuracy": 0.0}) == (GateCheck("accuracy", None, 0.0, False, None),)


def test_missing_metric_fails_and_checks_keep_the_bars_order() -> None:
    checks = check_gates({"accuracy": 0.9}, {"recall": 0.5, "accuracy": 0.5})
    assert [(check.name, check.passed) for check in checks] == [("recall", False), ("accuracy", True)]


@pytest.mark.parametrize(
    ("accuracy", "p_worse", "outcomes"),
    [
        (0.9, 0.6, ["passed", "passed"]),
        (0.9, SIGNIFICANCE, ["passed", "passed"]),
        (0.9, 0.049, ["passed", "failed"]),
        (0.8, 0.6, ["failed", "passed"]),
        (0.8, 0.001, ["failed", "failed"]),
        (0.9, None, ["passed", "failed"]),
        (0.9, math.nan, ["passed", "failed"]),
    ],
)
def test_a_candidate_needs_the_bar_and_the_champion(
    accuracy: float, p_worse: float | None, outcomes: list[str]
) -> None:
    checks = check_candidate(accuracy, 0.85, p_worse, compared=True)
    assert [check.outcome for check in checks] == outcomes


def test_without_a_comparison_the_bar_alone_counts() -> None:
    accuracy, champion = check_candidate(0.9, 0.85, None, compared=False)
    assert accuracy.passed
    assert champion == GateCheck("champion", None, SIGNIFICANCE, True, None)
    assert not check_candidate(0.8, 0.85, None, compared=False)[0].passed


def test_failures_are_named_with_figure_and_bar() -> None:
    assert explain_failures(check_candidate(0.8125, 0.85, 0.0018595829, compared=True)) == (
        "accuracy 0.8125 is below AccuracyThreshold 0.85; "
        "significantly worse than the champion: p-value 0.00186 is below 0.05"
    )
    assert explain_failures(check_candidate(None, 0.85, 1.0, compared=True)) == (
        "accuracy unknown is below AccuracyThreshold 0.85"
    )
    assert explain_failures(check_candidate(0.9, 0.85, 1.0, compared=True)) == "no check failed"
