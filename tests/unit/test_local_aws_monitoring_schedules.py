"""When monitoring schedules are due, which window they look at, and what containers tell of metrics."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from local_aws.cloudwatch.series import SeriesStore
from local_aws.metrics import Metrics
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.monitoring.emitted_metrics import publish
from local_aws.sagemaker.monitoring.schedule_expression import ScheduleExpression
from local_aws.sagemaker.monitoring.windows import Window, check_window, parse_offset, window_of

HOURLY = "cron(0 * ? * * *)"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text, hours, period",
    [
        (HOURLY, tuple(range(24)), 1),
        ("cron(0 0 ? * * *)", (0,), 24),
        ("cron(0 09 ? * * *)", (9,), 24),
        ("cron(0 23 ? * * *)", (23,), 24),
        ("cron(0 0/2 ? * * *)", tuple(range(0, 24, 2)), 2),
        ("cron(0 17/12 ? * * *)", (17,), 12),
        ("cron(0 0/10 ? * * *)", (0, 10, 20), 10),
        ("cron(0 5/24 ? * * *)", (5,), 24),
        ("NOW", (), 24),
    ],
)
def test_the_documented_expressions_are_taken(text, hours, period):
    expression = ScheduleExpression.parse(text)
    assert (expression.hours, expression.period) == (hours, timedelta(hours=period))
    assert expression.once == (text == "NOW")


@pytest.mark.parametrize(
    "text",
    [
        *("cron(0/30 * ? * * *)", "cron(* * ? * * *)", "cron(0,30 * ? * * *)", "cron(15 * ? * * *)"),
        *("rate(1 hour)", "rate(5 minutes)", "cron(0 24 ? * * *)", "cron(0 0/0 ? * * *)", "cron(0 0/25 ? * * *)"),
        *("cron(0 * * * ? *)", "cron(0 0 ? * MON *)", "Hourly: cron(0 * ? * * *)", "now", " ", f"{HOURLY}\n"),
    ],
)
def test_others_are_refused_with_what_would_do(text):
    with pytest.raises(ValidationException, match="only hourly integer rates between 1 hour and 24 hours"):
        ScheduleExpression.parse(text)


def test_a_schedule_is_due_once_an_hour_and_of_those_missed_only_the_latest():
    hourly = ScheduleExpression.parse(HOURLY)
    made = at("2026-03-01T12:00:30")
    assert hourly.due(made, at("2026-03-01T12:59:59.999")) is None
    assert hourly.due(made, at("2026-03-01T13:00:00")) == at("2026-03-01T13:00")
    assert hourly.due(at("2026-03-01T13:00"), at("2026-03-01T13:59")) is None
    assert hourly.due(at("2026-03-01T13:00"), at("2026-03-03T07:20")) == at("2026-03-03T07:00")


def test_a_daily_schedule_and_one_of_several_hours_keep_to_their_hours():
    daily, tenth = ScheduleExpression.parse("cron(0 6 ? * * *)"), ScheduleExpression.parse("cron(0 0/10 ? * * *)")
    made = at("2026-03-01T06:00")
    assert daily.due(made, at("2026-03-02T05:59")) is None
    assert daily.due(made, at("2026-03-02T06:30")) == at("2026-03-02T06:00")
    assert daily.due(made, at("2026-03-05T05:00")) == at("2026-03-04T06:00")
    assert [tenth.due(made, at(f"2026-03-0{moment}")) for moment in ("1T21:00", "2T05:00")] == [
        at("2026-03-01T20:00"),
        at("2026-03-02T00:00"),
    ]


def test_one_that_runs_once_is_due_at_once_and_never_again():
    once, now = ScheduleExpression.parse("NOW"), at("2026-03-01T12:34:56")
    assert once.due(None, now) == now
    assert once.due(now, at("2026-03-09T00:00")) is None


def test_without_an_expression_the_name_chooses_the_hour_of_the_day():
    assert ScheduleExpression.daily("a") == ScheduleExpression.daily("a")
    assert len({ScheduleExpression.daily(f"schedule-{number}").hours for number in range(50)}) > 5
    assert ScheduleExpression.daily("a").period == timedelta(days=1)


def test_a_window_is_the_time_since_the_last_run_unless_offsets_say_otherwise():
    now, hourly = at("2026-03-01T13:00"), ScheduleExpression.parse(HOURLY)
    six = ScheduleExpression.parse("cron(0 0/6 ? * * *)")
    given = {"DataAnalysisStartTime": "-PT5H", "DataAnalysisEndTime": "-PT1H"}
    late = {"StartTimeOffset": "-P3D", "EndTimeOffset": "-P1D"}
    assert window_of(now, hourly, {}, {}) == Window(at("2026-03-01T12:00"), now)
    assert window_of(now, six, {}, {}) == Window(at("2026-03-01T07:00"), now)
    assert window_of(now, hourly, given, {}) == Window(at("2026-03-01T08:00"), at("2026-03-01T12:00"))
    assert window_of(now, hourly, given, late) == Window(at("2026-02-26T13:00"), at("2026-02-28T13:00"))
    assert window_of(now, hourly, {}, {"EndTimeOffset": "-PT2H"}) == Window(
        at("2026-03-01T10:00"), at("2026-03-01T11:00")
    )


def test_the_hours_of_a_window_are_those_that_overlap_its_end_excluded():
    assert list(Window(at("2026-03-01T12:00"), at("2026-03-01T13:00")).hours()) == ["2026/03/01/12"]
    assert list(Window(at("2026-02-28T22:59:59"), at("2026-03-01T00:00:01")).hours()) == [
        "2026/02/28/22",
        "2026/02/28/23",
        "2026/03/01/00",
    ]
    just_begun = Window(at("2026-03-01T12:00:00.600"), at("2026-03-01T13:00:00.600"))
    assert list(just_begun.hours()) == ["2026/03/01/12", "2026/03/01/13"]
    assert just_begun.environment() == {"start_time": "2026-03-01T12:00:00Z", "end_time": "2026-03-01T13:00:01Z"}
    assert len(list(Window(at("2026-03-01T12:30"), at("2026-03-02T12:30")).hours())) == 25


@pytest.mark.parametrize("text", ["-PT1H", "-P1DT12H", "PT0H", "-PT30M"])
def test_offsets_are_iso_durations_into_the_past(text):
    assert parse_offset("x", text) <= timedelta(0)


@pytest.mark.parametrize("text", ["PT1H", "+PT1H", "-1h", "-P", "P1M-", "yesterday", "--PT1H X"])
def test_other_offsets_are_refused(text):
    with pytest.raises(ValidationException):
        parse_offset("StartTimeOffset", text)


def test_a_run_at_once_needs_both_edges_in_order_within_a_day():
    once = ScheduleExpression.parse("NOW")
    check_window({"DataAnalysisStartTime": "-PT24H", "DataAnalysisEndTime": "-PT0H"}, once)
    for start, end, reason in (
        (None, "-PT0H", "are required"),
        ("-PT1H", None, "are required"),
        ("-PT1H", "-PT2H", "must be before"),
        ("-PT1H", "-PT1H", "must be before"),
        ("-PT25H", "-PT0H", "more than 24 hours"),
    ):
        given = {"DataAnalysisStartTime": start, "DataAnalysisEndTime": end}
        with pytest.raises(ValidationException, match=reason):
            check_window({name: value for name, value in given.items() if value}, once)


def test_metrics_are_published_by_line_and_damaged_lines_are_told_of(tmp_path: Path, caplog):
    folder = tmp_path / "opt/ml/output/metrics/cloudwatch"
    folder.mkdir(parents=True)
    whole = {
        "MetricName": "feature_baseline_drift_brightness",
        "Timestamp": "2026-03-01T12:00:00Z",
        "Dimensions": [{"Name": "Endpoint", "Value": "e"}, {"Name": "MonitoringSchedule", "Value": "s"}],
        "Value": 0.25,
    }
    damaged = [
        '{"MetricName": "tor',
        "[]",
        json.dumps({**whole, "Value": "NaN"}),
        json.dumps({**whole, "Dimensions": [{"Name": "Endpoint", "Value": 7}]}),
        json.dumps({**whole, "Timestamp": "noon"}),
        "\x00\x01",
    ]
    (folder / "cloudwatch_metrics.jsonl").write_text("\n".join([json.dumps(whole), *damaged, json.dumps(whole)]))
    (folder / "link.jsonl").symlink_to(folder / "cloudwatch_metrics.jsonl")
    now = at("2026-03-01T13:00")
    metrics = Metrics(SeriesStore(tmp_path / "metrics.sqlite"), lambda: now)
    assert publish(metrics, "DataQuality", tmp_path) == 2
    found = metrics.statistic(
        "aws/sagemaker/Endpoints/data-metrics",
        "feature_baseline_drift_brightness",
        {"Endpoint": "e", "MonitoringSchedule": "s"},
        *("Sum", 60, at("2026-03-01T12:00"), now),
    )
    assert found == [(at("2026-03-01T12:00"), 0.5)]
    assert [f"line {number} is no metric" in caplog.text for number in range(1, 9)] == [False, *[True] * 6, False]
    assert publish(metrics, "ModelQuality", tmp_path / "nowhere") == 0
    metrics.store.close()
