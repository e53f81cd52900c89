"""Alarms: the guide's tables of evaluation, and the worker over metrics with a clock that is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import moto
import pytest
from moto.cloudwatch.exceptions import (
    InvalidParameterCombination,
    InvalidParameterValue,
    ResourceNotFound,
    ValidationError,
)
from moto.cloudwatch.models import CloudWatchBackend

from local_aws import cloudwatch_patches
from local_aws.alarms import Alarms
from local_aws.cloudwatch import alarm_operations
from local_aws.cloudwatch.evaluation import Criterion, DataPoint, evaluate
from local_aws.cloudwatch.series import SeriesStore
from local_aws.metrics import MetricDatum, Metrics
from local_aws.moto_patches import MotoVersionMismatch

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
OK, ALARM, INSUFFICIENT, RETAINED = "OK", "ALARM", "INSUFFICIENT_DATA", "retained"


def judge(points: str, periods: int, to_alarm: int, treatment: str, present: str = RETAINED) -> str:
    """Points as in the guide: 0 within the threshold, X beyond it, - missing."""
    values = {"0": 0.0, "X": 9.0, "-": None}
    criterion = Criterion("GreaterThanThreshold", 5.0, periods, to_alarm, treatment)
    read = [
        DataPoint(NOON + timedelta(minutes=index), values[mark]) for index, mark in enumerate(points.replace(" ", ""))
    ]
    assert len(read) == criterion.periods_looked_at
    return evaluate(criterion, read, present).state


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", OK, OK, OK, OK),
        ("0 - - - -", OK, OK, OK, OK),
        ("- - - - 0", OK, OK, OK, OK),
        ("- - - - -", INSUFFICIENT, RETAINED, ALARM, OK),
        ("0 X X - X", ALARM, ALARM, ALARM, ALARM),
        ("- - X - -", ALARM, RETAINED, ALARM, OK),
        # from the text below the tables
        ("- - - - X", OK, RETAINED, ALARM, OK),
        ("- - - X -", OK, RETAINED, ALARM, OK),
        ("- - - X 0", OK, OK, OK, OK),
        ("- - X - X", ALARM, RETAINED, ALARM, OK),
        ("X X 0 0 0", OK, OK, OK, OK),
        ("0 0 X X X", ALARM, ALARM, ALARM, ALARM),
    ],
)
def test_three_of_three_datapoints(points, missing, ignore, breaching, not_breaching):
    assert judge(points, 3, 3, "missing") == missing
    assert judge(points, 3, 3, "ignore") == ignore
    assert judge(points, 3, 3, "breaching") == breaching
    assert judge(points, 3, 3, "notBreaching") == not_breaching


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", ALARM, ALARM, ALARM, ALARM),
        ("0 0 X 0 X", ALARM, ALARM, ALARM, ALARM),
        ("0 - X - -", OK, OK, ALARM, OK),
        ("- - - - 0", OK, OK, ALARM, OK),
        ("- - - X -", ALARM, RETAINED, ALARM, OK),
        ("X X 0 0 X", OK, OK, OK, OK),
    ],
)
def test_two_of_three_datapoints(points, missing, ignore, breaching, not_breaching):
    assert judge(points, 3, 2, "missing") == missing
    assert judge(points, 3, 2, "ignore") == ignore
    assert judge(points, 3, 2, "breaching") == breaching
    assert judge(points, 3, 2, "notBreaching") == not_breaching


@pytest.mark.parametrize(
    ("comparison", "breached"),
    [
        ("GreaterThanThreshold", (False, False, True)),
        ("GreaterThanOrEqualToThreshold", (False, True, True)),
        ("LessThanThreshold", (True, False, False)),
        ("LessThanOrEqualToThreshold", (True, True, False)),
    ],
)
def test_comparisons(comparison, breached):
    criterion = Criterion(comparison, 5.0, 1, 1)
    assert tuple(criterion.breached_by(value) for value in (4.9, 5.0, 5.1)) == breached


def test_the_reason_names_the_points_and_what_they_were_compared_with():
    criterion = Criterion("GreaterThanThreshold", 5.0, 3, 2)
    values = [None, None, 6.0, 1.0, 7.5]
    points = [DataPoint(NOON + timedelta(minutes=index), value) for index, value in enumerate(values)]
    assert evaluate(criterion, points, OK).reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [7.5 (01/03/26 12:04:00), 1.0 (01/03/26 12:03:00), "
        "6.0 (01/03/26 12:02:00)] were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM "
        "transition)."
    )
    empty = [DataPoint(NOON, None)] * 5
    assert evaluate(criterion, empty, OK).reason == "Insufficient Data: 3 datapoints were unknown."


def test_the_patches_are_for_one_version_of_moto(world, monkeypatch):
    monkeypatch.setattr(moto, "__version__", "5.2.6")
    with pytest.raises(MotoVersionMismatch, match=r"5\.2\.6"):
        cloudwatch_patches.install(world.backend, world.metrics, world.alarms)


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


class World:
    """Metrics and alarms in memory; time goes on by `after`, which also evaluates."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.metrics = Metrics(SeriesStore(folder / "metrics.sqlite"), self.clock)
        self.backend = CloudWatchBackend("us-east-1", "123456789012")
        self.saved = 0
        self.alarms = Alarms(self.backend, self.metrics, self.clock, self.save)
        self.told: list[tuple[str, str, str]] = []
        self.alarms.listeners.append(lambda alarm, old, new: self.told.append((alarm.name, old.value, new.value)))

    def save(self) -> None:
        self.saved += 1

    def put(self, value: float, name: str = "Errors") -> None:
        self.metrics.put("N", [MetricDatum(name, {}, "Count", self.clock.moment, (value,), (1.0,))])

    def alarm(self, **more: Any) -> None:
        settings: dict[str, Any] = {
            "AlarmName": "errors",
            "Namespace": "N",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **more,
        }
        self.alarms.put({name: value for name, value in settings.items() if value is not None})

    def after(self, **time: float) -> str:
        self.clock.moment += timedelta(**time)
        self.alarms.tick()
        return self.alarms.state("errors")

    def described(self, **request: Any) -> list[str]:
        return [alarm.name for alarm in alarm_operations.describe_alarms(self.backend, request)["MetricAlarms"]]

    def history(self, **request: Any) -> list[str]:
        found = alarm_operations.describe_alarm_history(self.backend, request)["AlarmHistoryItems"]
        return [item["HistorySummary"] for item in found]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.metrics.store.close()


def test_an_alarm_begins_undecided_and_follows_the_metric(world):
    world.alarm()
    assert world.alarms.state("errors") == INSUFFICIENT
    world.put(6.0)
    # the minute is not over, and then not settled
    assert world.after(seconds=30) == INSUFFICIENT
    assert world.after(seconds=32) == INSUFFICIENT
    assert world.after(seconds=4) == ALARM
    world.put(1.0)
    assert world.after(seconds=60) == OK
    assert world.told == [("errors", INSUFFICIENT, ALARM), ("errors", ALARM, OK)]


def test_what_a_transition_leaves_on_the_alarm(world):
    world.alarm()
    world.put(6.0)
    world.after(seconds=70)
    alarm = world.backend.alarms["errors"]
    assert alarm.state_reason.startswith("Threshold Crossed: 1 out of the last 1 datapoint [6.0 (01/03/26 12:00:00)]")
    assert alarm.state_updated_timestamp == alarm.state_transitioned_timestamp == world.clock.moment
    told = json.loads(alarm.state_reason_data)
    assert (told["recentDatapoints"], told["threshold"], told["statistic"]) == ([6.0], 5.0, "Sum")
    assert told["evaluatedDatapoints"] == [{"timestamp": "2026-03-01T12:00:00.000+0000", "value": 6.0}]
    assert world.history() == ["Alarm updated from INSUFFICIENT_DATA to ALARM", 'Alarm "errors" created']
    assert world.history(HistoryItemType="StateUpdate", AlarmName="other") == []


def test_only_changes_are_saved(world):
    world.alarm()
    world.put(6.0)
    world.after(seconds=70)
    saved = world.saved
    world.after(seconds=2)
    assert world.saved == saved == 2


def test_silence_with_each_treatment(world):
    for treatment in ("missing", "ignore", "breaching", "notBreaching"):
        world.alarm(AlarmName=treatment, TreatMissingData=treatment)
    world.alarm(AlarmName="default", TreatMissingData=None)
    world.put(6.0)
    world.clock.moment += timedelta(minutes=30)
    world.alarms.tick()
    states = {name: world.alarms.state(name) for name in world.described()}
    assert states == {
        "missing": INSUFFICIENT,
        "default": INSUFFICIENT,
        "ignore": INSUFFICIENT,
        "breaching": ALARM,
        "notBreaching": OK,
    }


def test_percentiles_and_datapoints_to_alarm(world):
    world.alarm(Statistic=None, ExtendedStatistic="p90", EvaluationPeriods=3, DatapointsToAlarm=2)
    for values in ((1.0, 9.0), (1.0, 2.0)):
        for value in values:
            world.put(value)
        assert world.after(seconds=60) != ALARM
    world.put(9.0)
    assert world.after(seconds=66) == ALARM


def test_an_error_rate_by_metric_math(world):
    def metric(name: str) -> dict[str, Any]:
        return {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": "Sum"}

    queries = [
        {"Id": "errors", "MetricStat": metric("Errors"), "ReturnData": False},
        {"Id": "all", "MetricStat": metric("Invocations"), "ReturnData": False},
        {"Id": "rate", "Expression": "100 * errors / all", "Label": "error rate"},
    ]
    world.alarm(Metrics=queries, Namespace=None, MetricName=None, Statistic=None, Period=None)
    world.put(2.0)
    world.put(100.0, "Invocations")
    assert world.after(seconds=66) == OK
    world.put(10.0)
    world.put(100.0, "Invocations")
    assert world.after(seconds=60) == ALARM
    assert world.alarms.datapoints("errors") == [(NOON, 2.0), (NOON + timedelta(minutes=1), 10.0)]
    # a metric that is in it is not the alarm's own
    request = {"Namespace": "N", "MetricName": "Errors"}
    assert alarm_operations.describe_alarms_for_metric(world.backend, request)["MetricAlarms"] == []


def test_a_state_set_by_hand_holds_until_there_is_other_data(world):
    world.alarm()
    world.put(1.0)
    assert world.after(seconds=66) == OK
    alarm_operations.set_alarm_state(
        world.alarms, {"AlarmName": "errors", "StateValue": ALARM, "StateReason": "a drill"}
    )
    assert world.told[-1] == ("errors", OK, ALARM)
    assert world.after(seconds=10) == ALARM
    assert world.backend.alarms["errors"].state_reason == "a drill"
    world.put(1.0)
    assert world.after(seconds=60) == OK


def test_a_state_set_by_hand_without_any_data_holds(world):
    world.alarm()
    world.alarms.set_state("errors", ALARM, "a drill")
    assert [world.after(minutes=10) for _ in range(3)] == [ALARM] * 3


def test_a_hand_set_state_needs_an_alarm_and_json(world):
    request = {"AlarmName": "errors", "StateValue": OK, "StateReason": "x"}
    with pytest.raises(ResourceNotFound):
        alarm_operations.set_alarm_state(world.alarms, request)
    with pytest.raises(KeyError):
        world.alarms.state("errors")


def test_a_new_configuration_keeps_the_state_until_the_next_evaluation(world):
    world.alarm()
    world.put(6.0)
    assert world.after(seconds=66) == ALARM
    world.alarm(Threshold=10.0)
    assert world.alarms.state("errors") == ALARM
    assert world.after(seconds=1) == OK
    assert world.history(HistoryItemType="ConfigurationUpdate")[0] == 'Alarm "errors" updated'


def test_a_listener_that_fails_stops_nobody(world):
    def fail(*_: Any) -> None:
        raise RuntimeError("on purpose")

    world.alarms.listeners.insert(0, fail)
    world.alarm()
    world.put(6.0)
    assert world.after(seconds=66) == ALARM
    assert world.told == [("errors", INSUFFICIENT, ALARM)]


def test_alarms_are_described_by_all_filters_together(world):
    for name, actions in (("a-1", ["arn:aws:sns:us-east-1:1:topic"]), ("a-2", []), ("b-1", [])):
        world.alarm(AlarmName=name, AlarmActions=actions)
    world.alarms.set_state("a-2", ALARM, "x")
    assert world.described() == ["a-1", "a-2", "b-1"]
    assert world.described(AlarmNamePrefix="a-", StateValue=ALARM) == ["a-2"]
    assert world.described(AlarmNames=["b-1", "c"]) == ["b-1"]
    assert world.described(ActionPrefix="arn:aws:sns") == ["a-1"]
    assert world.described(AlarmTypes=["CompositeAlarm"]) == []


def test_pages_of_alarms(world):
    for number in range(5):
        world.alarm(AlarmName=f"alarm-{number}")
    first = alarm_operations.describe_alarms(world.backend, {"MaxRecords": 3})
    second = alarm_operations.describe_alarms(world.backend, {"MaxRecords": 3, "NextToken": first["NextToken"]})
    names = [alarm.name for page in (first, second) for alarm in page["MetricAlarms"]]
    assert names == [f"alarm-{number}" for number in range(5)]
    assert second["NextToken"] is None


def test_deleting_alarms_deletes_all_or_none(world):
    world.alarm()
    with pytest.raises(ResourceNotFound):
        alarm_operations.delete_alarms(world.alarms, world.backend, {"AlarmNames": ["errors", "other"]})
    assert world.described() == ["errors"]
    alarm_operations.delete_alarms(world.alarms, world.backend, {"AlarmNames": ["errors"]})
    assert world.described() == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"Threshold": None}, ValidationError),
        ({"EvaluationPeriods": None}, ValidationError),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, ValidationError),
        ({"ThresholdMetricId": "m1"}, InvalidParameterValue),
        ({"TreatMissingData": "forgive"}, ValidationError),
        ({"DatapointsToAlarm": 2}, ValidationError),
        ({"ExtendedStatistic": "p99"}, InvalidParameterCombination),
        ({"Statistic": None}, InvalidParameterCombination),
        ({"Statistic": None, "ExtendedStatistic": "tm99"}, ValidationError),
        ({"Period": None}, ValidationError),
        ({"Period": 45}, ValidationError),
        ({"Period": 5}, ValidationError),
        ({"EvaluationPeriods": 1441}, ValidationError),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, InvalidParameterValue),
        ({"Metrics": [{"Id": "e", "Expression": "m1"}]}, InvalidParameterCombination),
    ],
)
def test_alarms_that_could_not_be_evaluated_are_refused(world, change, error):
    with pytest.raises(error):
        world.alarm(**change)
    assert world.described() == []


@pytest.mark.parametrize("returning", [(True, True), (False, False)])
def test_a_metric_math_alarm_returns_exactly_one_series(world, returning):
    of = {"Metric": {"Namespace": "N", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": f"m{n}", "MetricStat": of, "ReturnData": returns} for n, returns in enumerate(returning)]
    with pytest.raises(ValidationError):
        world.alarm(Metrics=queries, Namespace=None, MetricName=None, Statistic=None, Period=None)
