"""Gates: what passes, what fails, and that a metric nobody measured is no pass."""

import math

import pytest

from processing.gates import GateCheck, check_gates


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
