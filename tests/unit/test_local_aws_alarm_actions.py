"""What alarms tell EventBridge, topics and functions when their state changes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend

from local_aws.alarms import Alarms
from local_aws.cloudwatch import alarm_operations
from local_aws.cloudwatch.alarm_actions import AlarmActions, check_actions
from local_aws.cloudwatch.alarm_documents import Place
from local_aws.cloudwatch.series import SeriesStore
from local_aws.destinations import DestinationFailed, Destinations
from local_aws.event_sources.alarms import AlarmEvents
from local_aws.metrics import MetricDatum, Metrics
from tests.unit.local_aws_event_sink import EventSink

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
TEMPLATE = Path(__file__).resolve().parents[2] / "inference_workflow" / "template.yaml"
HERE = "us-east-1:123456789012"
TOPIC, OTHER, FUNCTION = f"arn:aws:sns:{HERE}:a", f"arn:aws:sns:{HERE}:b", f"arn:aws:lambda:{HERE}:function:f:live"
POLICY = f"arn:aws:autoscaling:{HERE}:scalingPolicy:1234:resource/sagemaker/endpoint/e/variant/v:policyName/p"


@dataclass
class Places:
    """Destinations that keep what they get; those in `away` cannot be reached."""

    published: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    invoked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    away: set[str] = field(default_factory=set)

    def publish(self, arn: str, message: str, subject: str) -> None:
        self._reach(arn)
        self.published.append((arn, subject, json.loads(message)))

    def invoke(self, arn: str, payload: bytes) -> None:
        self._reach(arn)
        self.invoked.append((arn, json.loads(payload)))

    def _reach(self, arn: str) -> None:
        if arn in self.away:
            raise DestinationFailed(f"{arn}: away")


class World:
    """One alarm, a clock that is told the time, and everything that hears of it."""

    def __init__(self, folder: Path) -> None:
        self.moment = NOON
        self.metrics = Metrics(SeriesStore(folder / "metrics.sqlite"), lambda: self.moment)
        self.backend = CloudWatchBackend("us-east-1", "123456789012")
        self.alarms = Alarms(self.backend, self.metrics, lambda: self.moment)
        self.places, self.sink = Places(), EventSink()
        place = Place("123456789012", "us-east-1")
        self.alarms.listeners += [
            AlarmActions(self.alarms, cast(Destinations, self.places), place),
            AlarmEvents(cast(Any, self.sink)),
        ]

    def put(self, value: float, name: str = "Errors", namespace: str = "N", **dimensions: str) -> None:
        self.metrics.put(namespace, [MetricDatum(name, dimensions, "Count", self.moment, (value,), (1.0,))])

    def alarm(self, **more: Any) -> None:
        settings: dict[str, Any] = {
            "AlarmName": "errors",
            "Namespace": "N",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "Queue", "Value": "q"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **more,
        }
        self.alarms.put({name: value for name, value in settings.items() if value is not None})

    def after(self, seconds: float, name: str = "errors") -> str:
        self.moment += timedelta(seconds=seconds)
        self.alarms.tick()
        return self.alarms.state(name)

    def history(self) -> list[str]:
        found = alarm_operations.describe_alarm_history(self.backend, {"HistoryItemType": "Action"})
        return [item["HistorySummary"] for item in found["AlarmHistoryItems"]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.metrics.store.close()


def test_eventbridge_is_told_of_both_states_and_what_the_alarm_watches(world):
    world.alarm(AlarmDescription="too many")
    world.put(1.0, Queue="q")
    assert world.after(66) == "OK"
    world.put(9.0, Queue="q")
    assert world.after(60) == "ALARM"
    first, last = world.sink.events
    assert (last["source"], last["detail-type"]) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert last["resources"] == [f"arn:aws:cloudwatch:{HERE}:alarm:errors"]
    assert first["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert "reasonData" not in first["detail"]["previousState"]
    detail = last["detail"]
    assert detail["previousState"] == first["detail"]["state"]
    assert detail["state"]["value"] == "ALARM"
    assert detail["state"]["reason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [9.0 ")
    assert detail["state"]["timestamp"] == "2026-03-01T12:02:06.000+0000"
    assert json.loads(detail["state"]["reasonData"])["recentDatapoints"] == [9.0]
    (metric,) = detail["configuration"]["metrics"]
    assert detail["configuration"]["description"] == "too many"
    assert metric["metricStat"] == {
        "metric": {"namespace": "N", "name": "Errors", "dimensions": {"Queue": "q"}},
        "period": 60,
        "stat": "Sum",
    }
    assert metric["returnData"] is True and len(metric["id"]) == 36


def test_a_topic_gets_the_message_that_cloudwatch_sends(world):
    world.alarm(AlarmDescription="too many", AlarmActions=[TOPIC], Unit="Count", TreatMissingData="notBreaching")
    world.alarms.set_state("errors", "ALARM", "by hand")
    ((arn, subject, message),) = world.places.published
    assert (arn, subject) == (TOPIC, 'ALARM: "errors" in US East (N. Virginia)')
    assert message == {
        "AlarmName": "errors",
        "AlarmDescription": "too many",
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": "2026-03-01T12:00:00.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "by hand",
        "StateChangeTime": "2026-03-01T12:00:00.000+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": f"arn:aws:cloudwatch:{HERE}:alarm:errors",
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [],
        "AlarmActions": [TOPIC],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "Errors",
            "Namespace": "N",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": "Count",
            "Dimensions": [{"value": "q", "name": "Queue"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 5.0,
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def test_a_function_gets_the_event_that_cloudwatch_sends(world):
    world.alarm(OKActions=[FUNCTION])
    world.alarms.set_state("errors", "OK", "by hand", '{"ticket": 1}')
    ((arn, event),) = world.places.invoked
    assert arn == FUNCTION
    assert {name: event[name] for name in event if name != "alarmData"} == {
        "source": "aws.cloudwatch",
        "alarmArn": f"arn:aws:cloudwatch:{HERE}:alarm:errors",
        "accountId": "123456789012",
        "time": "2026-03-01T12:00:00.000+0000",
        "region": "us-east-1",
    }
    assert event["alarmData"] == {
        "alarmName": "errors",
        "state": {
            "value": "OK",
            "reason": "by hand",
            "reasonData": '{"ticket": 1}',
            "timestamp": "2026-03-01T12:00:00.000+0000",
        },
        "previousState": {
            "value": "INSUFFICIENT_DATA",
            "reason": "Unchecked: Initial alarm creation",
            "timestamp": "2026-03-01T12:00:00.000+0000",
        },
        "configuration": world.sink.details[0]["configuration"],
    }


def test_an_alarm_over_a_percentile_and_one_over_metric_math_say_so(world):
    metrics = [
        {"Id": "share", "Expression": "bad / all", "Label": "share of errors"},
        *(
            {
                "Id": name,
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": "N", "MetricName": name, "Dimensions": [{"Name": "d", "Value": "1"}]},
                    "Period": 120,
                    "Stat": "Sum",
                },
            }
            for name in ("bad", "all")
        ),
    ]
    one_metric = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period")
    world.alarm(AlarmName="p99", Statistic=None, ExtendedStatistic="p99", AlarmActions=[TOPIC])
    world.alarm(AlarmName="math", Metrics=metrics, AlarmActions=[TOPIC], **dict.fromkeys(one_metric))
    for name in ("p99", "math"):
        world.alarms.set_state(name, "ALARM", "by hand")
    percentile, math = (message["Trigger"] for _, _, message in world.places.published)
    assert (percentile["StatisticType"], percentile["ExtendedStatistic"]) == ("ExtendedStatistic", "p99")
    assert "Statistic" not in percentile and "MetricName" not in math
    assert math["Period"] == 120
    assert math["Metrics"][0] == {
        "Id": "share",
        "Expression": "bad / all",
        "Label": "share of errors",
        "ReturnData": True,
    }
    assert math["Metrics"][1] == {
        "Id": "bad",
        "MetricStat": {
            "Metric": {"Dimensions": [{"value": "1", "name": "d"}], "MetricName": "bad", "Namespace": "N"},
            "Period": 120,
            "Stat": "Sum",
        },
        "ReturnData": False,
    }
    configuration = world.sink.details[1]["configuration"]["metrics"]
    assert configuration[0] == {
        "id": "share",
        "expression": "bad / all",
        "label": "share of errors",
        "returnData": True,
    }


def test_the_new_state_chooses_the_actions(world):
    world.alarm(AlarmActions=[TOPIC, OTHER], OKActions=[TOPIC], InsufficientDataActions=[OTHER])
    for state in ("ALARM", "ALARM", "OK", "INSUFFICIENT_DATA"):
        world.alarms.set_state("errors", state, "x")
    got = [(arn, message["NewStateValue"]) for arn, _, message in world.places.published]
    assert got == [(TOPIC, "ALARM"), (OTHER, "ALARM"), (TOPIC, "OK"), (OTHER, "INSUFFICIENT_DATA")]


def test_actions_that_are_disabled_are_not_performed_but_eventbridge_is_told(world):
    world.alarm(AlarmActions=[TOPIC], ActionsEnabled=False)
    world.alarms.set_state("errors", "ALARM", "x")
    assert world.places.published == [] and len(world.sink.events) == 1


def test_an_action_that_fails_stops_no_other_and_is_in_the_history(world):
    world.places.away = {TOPIC}
    world.alarm(AlarmActions=[TOPIC, OTHER])
    world.alarms.set_state("errors", "ALARM", "x")
    assert [arn for arn, _, _ in world.places.published] == [OTHER]
    assert sorted(world.history()) == [
        f"Failed to execute action {TOPIC}",
        f"Successfully executed action {OTHER}",
    ]
    world.put(1.0, Queue="q")
    assert world.after(66) == "OK", "the alarm is evaluated as before"


def test_the_alarm_of_a_scaling_policy_is_left_to_the_policy(world, caplog):
    world.alarm(AlarmActions=[POLICY])
    world.alarms.set_state("errors", "ALARM", "x")
    assert world.places == Places() and world.history() == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "action",
    [
        "arn:aws:automate:us-east-1:ec2:stop",
        f"arn:aws:ssm:{HERE}:opsitem:1",
        f"arn:aws:sqs:{HERE}:queue",
        f"arn:aws:sns:{HERE}",
        "arn:aws:sns:eu-west-1:123456789012:a",
        POLICY,
        "nonsense",
    ],
)
def test_an_action_that_nobody_performs_is_refused(action):
    for member in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        with pytest.raises(ValidationError, match=member):
            check_actions({member: [TOPIC, action]}, "us-east-1")
    check_actions({"AlarmActions": [TOPIC, FUNCTION, f"{TOPIC}.fifo", POLICY]}, "us-east-1", present=[POLICY])


class _Tags(yaml.SafeLoader):
    """CloudFormation's short forms as what stands behind them."""


_Tags.add_multi_constructor("!", lambda loader, tag, node: getattr(node, "value", tag))


def test_failed_executions_of_the_workflow_raise_its_alarm_and_doubts_do_not(world):
    resources = yaml.load(TEMPLATE.read_text(), _Tags)["Resources"]  # noqa: S506  of this project
    properties = dict(resources["FailedExecutionsAlarm"]["Properties"])
    arn, service = "arn:aws:states:x:stateMachine:classify", {"service": "filter", "state_machine": "classify"}
    for metric in properties["Metrics"]:
        for dimension in metric.get("MetricStat", {}).get("Metric", {}).get("Dimensions", ()):
            dimension["Value"] = {**service, "StateMachineArn": arn}[dimension["Name"]]
    actions = {"AlarmActions": [TOPIC], "AlarmName": "failed", "Threshold": 3.0}
    world.alarms.put({**properties, "AlarmDescription": "x", **actions})
    assert world.after(306, "failed") == "OK", "nothing runs"
    for _ in range(4):
        world.put(1.0, "ExecutionsFailed", "AWS/States", StateMachineArn=arn)
        world.put(1.0, "LowConfidence", "Scones", **service)
    world.put(1.0, "ExecutionsFailed", "AWS/States", StateMachineArn=arn)
    assert world.after(300, "failed") == "OK", "one more than there were doubts"
    for _ in range(3):
        world.put(1.0, "ExecutionsFailed", "AWS/States", StateMachineArn=arn)
    assert world.after(300, "failed") == "ALARM", "three, and no doubt"
    assert [message["NewStateValue"] for _, _, message in world.places.published] == ["ALARM"]
    # without new data the last one counts until it is out of the evaluation range
    assert "OK" in [world.after(300, "failed") for _ in range(5)]
