"""Composite alarms: the language of their rules, and their states over those of other alarms; windows that slide."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend

from local_aws.alarms import Alarms
from local_aws.cloudwatch import alarm_operations
from local_aws.cloudwatch.alarm_documents import Place, event_detail, topic_message
from local_aws.cloudwatch.alarm_records import AlarmState
from local_aws.cloudwatch.alarm_rules import RuleError, parse
from local_aws.cloudwatch.series import SeriesStore
from local_aws.metrics import MetricDatum, Metrics

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
STATES = {"bad": ALARM, "bad too": ALARM, "good": OK, "new": INSUFFICIENT, "arn:aws:cloudwatch:r:1:alarm:bad": ALARM}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(bad)", True),
        ('ALARM("bad")', True),
        ('  ALARM ( "bad too" )  ', True),
        ("ALARM(bad too)", True),
        ("ALARM(arn:aws:cloudwatch:r:1:alarm:bad)", True),
        ("ALARM(good)", False),
        ("OK(good)", True),
        ("INSUFFICIENT_DATA(new)", True),
        ("TRUE", True),
        ("FALSE", False),
        ("NOT ALARM(good)", True),
        ("NOT NOT FALSE", False),
        ("ALARM(good) OR ALARM(bad)", True),
        ("ALARM(good) AND ALARM(bad)", False),
        # AND before OR, NOT before both
        ("TRUE OR FALSE AND FALSE", True),
        ("(TRUE OR FALSE) AND FALSE", False),
        ("NOT TRUE OR TRUE", True),
        ("NOT (TRUE OR TRUE)", False),
        ("ALARM(bad)\n  OR\tALARM(good)", True),
    ],
)
def test_rules(rule, holds):
    assert parse(rule).holds(STATES.__getitem__) is holds


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("", "wanted where 'the end'"),
        ("ALARM", "wants an alarm's name in parentheses, not 'the end'"),
        ("ALARM()", "wants an alarm's name"),
        ("ALARM(a", "wants an alarm's name"),
        ("ALARM(a) ALARM(b)", r"unexpected 'ALARM\(b\)'"),
        ("ALARM(a) OR", "wanted where 'the end'"),
        ("(ALARM(a)", "closing parenthesis"),
        ("ALARM(a))", "unexpected"),
        ("alarm(a)", "wanted where"),
        ("ALARMS(a)", "wanted where"),
        ("a > 3", "wanted where"),
        ("NOT " * 60 + "TRUE", "nested deeper"),
        ("(" * 60 + "TRUE" + ")" * 60, "nested deeper"),
        (" OR ".join(["TRUE"] * 251), "more than 500 elements"),
        (" OR ".join(f"OK(a{number})" for number in range(101)), "more than 100 alarms"),
    ],
)
def test_what_is_no_rule(rule, reason):
    with pytest.raises(RuleError, match=reason):
        parse(rule)


class World:
    """Alarms a to c over metrics of these names, and whatever is put over them."""

    def __init__(self, folder: Path) -> None:
        self.moment = NOON
        self.metrics = Metrics(SeriesStore(folder / "metrics.sqlite"), lambda: self.moment)
        self.backend = CloudWatchBackend("us-east-1", "123456789012")
        self.alarms = Alarms(self.backend, self.metrics, lambda: self.moment)
        self.told: list[tuple[str, str, str]] = []
        self.alarms.listeners.append(lambda alarm, old, new: self.told.append((alarm.name, old.value, new.value)))
        for name in "abc":
            self.metric_alarm(name)

    def metric_alarm(self, name: str, **more: Any) -> None:
        settings = {"Namespace": "N", "MetricName": name, "Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1}
        compared = {"Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore"}
        self.alarms.put({"AlarmName": name, **settings, **compared, **more})

    def composite(self, name: str, rule: str, **more: Any) -> None:
        self.alarms.put_composite({"AlarmName": name, "AlarmRule": rule, **more})

    def measure(self, **values: float) -> None:
        self.metrics.put(
            "N", [MetricDatum(name, {}, "Count", self.moment, (value,), (1.0,)) for name, value in values.items()]
        )

    def after(self, seconds: float) -> dict[str, str]:
        self.moment += timedelta(seconds=seconds)
        self.alarms.tick()
        return {name: alarm.state_value for name, alarm in self.backend.alarms.items()}

    def described(self, **request: Any) -> list[dict[str, Any]]:
        asked = {"AlarmTypes": ["CompositeAlarm"], **request}
        found: list[dict[str, Any]] = alarm_operations.describe_alarms(self.backend, asked)["CompositeAlarms"]
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.metrics.store.close()


def test_several_alarms_at_once_are_one_change(world):
    world.composite("any", "ALARM(a) OR ALARM(b) OR ALARM(c)")
    assert world.after(1)["any"] == OK
    world.told.clear()
    world.measure(a=9.0, b=9.0, c=1.0)
    assert world.after(66) == {"a": ALARM, "b": ALARM, "c": OK, "any": ALARM}
    assert [one for one in world.told if one[0] == "any"] == [("any", OK, ALARM)]
    # one of both gets well, and the other one later
    world.measure(a=1.0)
    assert world.after(66)["any"] == ALARM
    world.measure(b=1.0)
    assert world.after(66)["any"] == OK
    assert [one for one in world.told if one[0] == "any"] == [("any", OK, ALARM), ("any", ALARM, OK)]


def test_what_a_change_tells(world):
    world.composite("any", 'ALARM("a") OR ALARM(b)', AlarmDescription="either")
    world.after(1)
    world.measure(a=9.0, b=9.0)
    world.after(66)
    alarm = world.backend.alarms["any"]
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
    assert alarm.state_reason == f"{arn}a transitioned to ALARM at Sunday 01 March, 2026 12:01:07 UTC"
    triggering = json.loads(alarm.state_reason_data)["triggeringAlarms"]
    assert [(one["arn"], one["state"]["value"]) for one in triggering] == [(f"{arn}a", ALARM), (f"{arn}b", ALARM)]
    state = AlarmState.of(alarm)
    assert event_detail(alarm, state, state)["configuration"] == {
        "description": "either",
        "alarmRule": 'ALARM("a") OR ALARM(b)',
    }
    message = topic_message(alarm, state, state, Place("123456789012", "us-east-1"))
    assert message["AlarmRule"] == alarm.rule and "Trigger" not in message
    assert [one["Arn"] for one in message["TriggeringChildren"]] == [f"{arn}a", f"{arn}b"]
    history = alarm_operations.describe_alarm_history(world.backend, {"AlarmName": "any"})["AlarmHistoryItems"]
    assert {one["AlarmType"] for one in history} == {"CompositeAlarm"}


def test_one_over_others_that_are_over_others_is_judged_last(world):
    # made in this order, and named so, that neither gives the right one by chance
    world.composite("m", "ALARM(a)")
    world.composite("d", "ALARM(m) AND NOT ALARM(b)")
    world.composite("z", "OK(d)")
    world.measure(a=9.0, b=1.0)
    states = world.after(66)
    assert (states["m"], states["d"], states["z"]) == (ALARM, ALARM, OK)


def test_a_state_set_by_hand_holds_until_a_child_changes(world):
    world.composite("any", "ALARM(a) OR ALARM(b)")
    world.after(1)
    world.alarms.set_state("any", ALARM, "a test")
    assert world.after(300)["any"] == ALARM
    world.measure(a=1.0)
    assert world.after(66)["any"] == OK


def test_only_who_asks_for_composite_alarms_gets_them(world):
    world.composite("any", "ALARM(a)", AlarmActions=["arn:x"])
    assert [one["AlarmName"] for one in world.described()] == ["any"]
    assert world.described(AlarmNamePrefix="z") == []
    metric = alarm_operations.describe_alarms(world.backend, {})
    assert [one.name for one in metric["MetricAlarms"]] == ["a", "b", "c"] and metric["CompositeAlarms"] == []
    pages = alarm_operations.describe_alarms(
        world.backend, {"AlarmTypes": ["CompositeAlarm", "MetricAlarm"], "MaxRecords": 2}
    )
    assert ([one.name for one in pages["MetricAlarms"]], pages["NextToken"]) == (["a"], "2")
    assert [one["AlarmName"] for one in pages["CompositeAlarms"]] == ["any"]
    of_metric = {"Namespace": "N", "MetricName": "a"}
    assert len(alarm_operations.describe_alarms_for_metric(world.backend, of_metric)["MetricAlarms"]) == 1


@pytest.mark.parametrize(
    ("request_", "error", "reason"),
    [
        ({"AlarmRule": "ALARM(a) OR"}, ValidationError, "must not contain invalid expressions"),
        ({"AlarmRule": "ALARM(a) OR OK(nobody)"}, ValidationError, r"\['nobody'\] in the alarm rule do not exist"),
        ({"AlarmRule": "ALARM(any)"}, ValidationError, "refers to any itself"),
        ({"AlarmRule": "ALARM(above)"}, ValidationError, "refers to any itself"),
        ({"AlarmRule": "ALARM(a)", "ActionsSuppressor": "b"}, InvalidParameterValue, "ActionsSuppressor"),
        ({"AlarmRule": "ALARM(a)", "AlarmName": "b"}, ValidationError, "of the other kind"),
    ],
)
def test_what_cannot_be_put_is_refused(world, request_, error, reason):
    world.composite("any", "ALARM(a)")
    world.composite("above", "ALARM(any)")
    with pytest.raises(error, match=reason):
        world.alarms.put_composite({"AlarmName": "any", **request_})
    with pytest.raises(ValidationError, match="of the other kind"):
        world.metric_alarm("any")
    assert world.backend.alarms["any"].rule == "ALARM(a)"


def test_an_alarm_that_others_are_over_is_not_deleted_alone(world):
    world.composite("any", "ALARM(a)")
    world.composite("above", "ALARM(any)")

    def delete(*names: str) -> None:
        alarm_operations.delete_alarms(world.alarms, world.backend, {"AlarmNames": list(names)})

    for name, above in (("a", "any"), ("any", "above")):
        with pytest.raises(ValidationError, match=rf"Cannot delete {name} as .* \['{above}'\]"):
            delete(name)
    with pytest.raises(ValidationError, match="Only one composite alarm"):
        delete("any", "above")
    delete("above")
    delete("a", "any")
    assert sorted(world.backend.alarms) == ["b", "c"]


def test_the_window_of_an_hour_slides_with_the_minutes(world):
    world.metric_alarm("a", Period=3600)
    world.moment = NOON + timedelta(minutes=20)
    world.measure(a=9.0)
    assert world.after(30)["a"] == INSUFFICIENT
    # the minute is over, and has settled: nobody waits for the end of the hour
    assert world.after(36)["a"] == ALARM
    world.moment += timedelta(minutes=10)
    world.measure(a=1.0)
    # still within the hour that has the other one
    assert world.after(66)["a"] == ALARM
    assert world.after(50 * 60)["a"] == OK
