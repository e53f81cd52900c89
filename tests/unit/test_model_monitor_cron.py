"""Cron expressions of Model Monitor, and names that SageMaker takes."""

from __future__ import annotations

import pytest

from model_monitor.cron import UnsupportedCron, hours_between, offset
from model_monitor.names import DATA_QUALITY, MODEL_QUALITY, NameTooLong, Places, check_names, on_demand_name


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("cron(0 * ? * * *)", 1),
        ("cron(0  *  ? * * *)", 1),
        ("cron(0 0 ? * * *)", 24),
        ("cron(0 23 ? * * *)", 24),
        ("cron(0 0/2 ? * * *)", 2),
        ("cron(0 17/12 ? * * *)", 12),
        ("cron(0 00/24 ? * * *)", 24),
    ],
)
def test_documented_expressions(expression: str, hours: int) -> None:
    assert hours_between(expression) == hours


@pytest.mark.parametrize("expression", ["cron(* * ? * * *)", "cron(0/15 * ? * * *)", "cron(0,30 * ? * * *)"])
def test_more_often_than_hourly_is_refused_as_that(expression: str) -> None:
    with pytest.raises(UnsupportedCron, match="more often than hourly"):
        hours_between(expression)


@pytest.mark.parametrize(
    "expression",
    [
        *("", "hourly", "rate(1 hour)", "NOW", "0 * * * *", "cron(0 * * * ? *)", "cron(0 12 ? * MON *)"),
        *("cron(15 * ? * * *)", "cron(0 24 ? * * *)", "cron(0 0/0 ? * * *)", "cron(0 0/25 ? * * *)"),
        "cron(0 */2 ? * * *)",
    ],
)
def test_what_sagemaker_does_not_document_is_refused(expression: str) -> None:
    with pytest.raises(UnsupportedCron, match=r"cron\(0 \* \? \* \* \*\)"):
        hours_between(expression)


def test_offsets_are_durations() -> None:
    assert (offset(0), offset(25)) == ("-PT0H", "-PT25H")


def test_names() -> None:
    check_names("e" * 45)
    assert len(on_demand_name("e" * 45, MODEL_QUALITY)) == 63
    assert on_demand_name("e", DATA_QUALITY) == "e-data-quality-now"
    with pytest.raises(NameTooLong, match="up to 45 characters"):
        check_names("e" * 46)
    assert Places("b").ground_truth("e") == "s3://b/scones/ground-truth/e"
