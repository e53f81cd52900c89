"""Metric math: the language, and what its functions do over series with holes."""

from __future__ import annotations

import pytest

from local_aws.cloudwatch.expressions import ExpressionError, parse
from local_aws.cloudwatch.metric_math import Scope, evaluate

SERIES = {"m1": {0: 1.0, 60: 2.0, 180: 4.0}, "m2": {0: 10.0, 60: 0.0, 120: 5.0, 180: 8.0}, "none": {}}


def of(expression: str) -> dict[int, float]:
    return evaluate(parse(expression), Scope(SERIES, ("m1", "m2"), 0, 240, 60))


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("m1", {0: 1, 60: 2, 180: 4}),
        ("m1 + m2", {0: 11, 60: 2, 180: 12}),
        ("m1 / m2", {0: 0.1, 180: 0.5}),
        ("2 + 3 * m1", {0: 5, 60: 8, 180: 14}),
        ("(2 + 3) * m1", {0: 5, 60: 10, 180: 20}),
        ("m1 - 1 - 1", {0: -1, 60: 0, 180: 2}),
        ("-m1 ^ 2", {0: -1, 60: -4, 180: -16}),
        ("2 ^ m1 ^ 2", {0: 2, 60: 16, 180: 65536}),
        ("1.5e1 * m1", {0: 15, 60: 30, 180: 60}),
        ("m1 >= 2", {0: 0, 60: 1, 180: 1}),
        ("m1 > 1 AND m2 > 0", {0: 0, 60: 0, 180: 1}),
        ("m1 > 1 && m2 > 0 || m1 == 1", {0: 1, 60: 0, 180: 1}),
        ("IF(m2 == 0, 0, m1 / m2)", {0: 0.1, 60: 0, 180: 0.5}),
        ("IF(m1 > 1, m1)", {60: 2, 180: 4}),
        ("IF(1, m1, m2)", {0: 1, 60: 2, 180: 4}),
        ("FILL(m1, 0)", {0: 1, 60: 2, 120: 0, 180: 4}),
        ("FILL(m1, REPEAT)", {0: 1, 60: 2, 120: 2, 180: 4}),
        ("FILL(m1, m2)", {0: 1, 60: 2, 120: 5, 180: 4}),
        ("FILL(none, 7)", {0: 7, 60: 7, 120: 7, 180: 7}),
        ("SUM([m1, m2])", {0: 11, 60: 2, 120: 5, 180: 12}),
        ("SUM(METRICS())", {0: 11, 60: 2, 120: 5, 180: 12}),
        ('SUM(METRICS("1"))', {0: 1, 60: 2, 180: 4}),
        ("AVG([m1, m2])", {0: 5.5, 60: 1, 120: 5, 180: 6}),
        ("MIN([m1, m2])", {0: 1, 60: 0, 120: 5, 180: 4}),
        ("MAX(100 * [m1, m2])", {0: 1000, 60: 200, 120: 500, 180: 800}),
        ("m1 / SUM(m1)", {0: 1 / 7, 60: 2 / 7, 180: 4 / 7}),
        ("m1 / PERIOD(m1)", {0: 1 / 60, 60: 2 / 60, 180: 4 / 60}),
        ("ABS(0 - m1)", {0: 1, 60: 2, 180: 4}),
        ("CEIL(m1 / 3) + FLOOR(m1 / 3)", {0: 1, 60: 1, 180: 3}),
        ("none + m1", {}),
        ("m1 / SUM(none)", {}),
        ("m1 * (1 / 0)", {}),
        ("FILL(none, 1 / 0)", {}),
        ("IF(SUM(none) > 1, m1, m2)", {}),
    ],
)
def test_what_expressions_make(expression, wanted):
    assert of(expression) == pytest.approx(wanted)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "m1 +",
        "m1 m2",
        "(m1",
        "[m1, m2",
        "m1)",
        "()",
        "m1 $ 2",
        "IF(m1)",
        "FILL(m1, LINEAR)",
        "FILL(3, 0)",
        "RATE(m1)",
        "REPEAT",
        "3 + 4",
        "SUM(m1)",
        "[m1, m2]",
        "[m1, m2] + [m1, m2]",
        "(" * 200 + "m1" + ")" * 200,
        "-" * 2000 + "m1",
        "+".join(["m1"] * 900),
    ],
)
def test_what_is_no_expression_or_not_supported_is_refused(expression):
    with pytest.raises(ExpressionError):
        of(expression)


def test_a_long_expression_within_the_limit_is_evaluated():
    assert of("+".join(["m1"] * 250)) == {0: 250.0, 60: 500.0, 180: 1000.0}
