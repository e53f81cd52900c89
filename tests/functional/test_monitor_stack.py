"""The monitor's stack on the running local AWS: from metrics through alarms to one request for a retraining."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.request import urlopen

import pytest

from model_monitor.record_preprocessor import FEATURES
from model_monitor.stack import (
    MonitorStack,
    delete_monitor_stack,
    deploy_monitor_stack,
    ensure_monitor_stack,
    find_monitor_stack,
    monitor_stack_name,
)
from pipelines.session import open_target
from pipelines.stacks import ParameterUnknown, StackMissing
from tests.waiting import wait_until

DATA_METRICS, MODEL_METRICS = "aws/sagemaker/Endpoints/data-metrics", "aws/sagemaker/Endpoints/model-metrics"
STATE_KEY = "scones/retraining/state.json"


class Monitored:
    """An endpoint's stack in a bucket of its own, a queue that gets its requests, and one that gets its topic."""

    def __init__(self, server: Any) -> None:
        self.server, self.endpoint = server, f"monitored-{uuid.uuid4().hex[:8]}"
        self.bucket = f"{self.endpoint}-bucket"
        server.client("s3").create_bucket(Bucket=self.bucket)
        self.target = open_target("local", endpoint_url=server.url, bucket=self.bucket, environ={})
        # other tests run pipelines of the usual name
        self.values = {"TrainingPipelineName": self.endpoint, "LowConfidenceMinimumPictures": "2"}
        self.stack: MonitorStack = ensure_monitor_stack(
            self.target, self.endpoint, {**self.values, "WorkflowStackName": self.endpoint}
        )
        self.requests = self._queue("requests", "events.amazonaws.com")
        self.messages = self._queue("messages", "sns.amazonaws.com")
        pattern = {"source": ["scones.model-monitor"], "detail": {"endpoint": [self.endpoint]}}
        events = server.client("events")
        events.put_rule(Name=self.endpoint, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=self.endpoint, Targets=[{"Id": "queue", "Arn": self._arn(self.requests)}])
        server.client("sns").subscribe(TopicArn=self.stack.topic_arn, Protocol="sqs", Endpoint=self._arn(self.messages))
        self.seen: list[dict[str, Any]] = []

    def _queue(self, name: str, service: str) -> str:
        sqs = self.server.client("sqs")
        url = str(sqs.create_queue(QueueName=f"{self.endpoint}-{name}")["QueueUrl"])
        allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage"}
        policy = json.dumps({"Statement": [{**allow, "Resource": self._arn(url)}]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return url

    def _arn(self, url: str) -> str:
        found = self.server.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def received(self, url: str) -> list[dict[str, Any]]:
        """What is in the queue, which is left empty."""
        found, sqs = [], self.server.client("sqs")
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def told(self) -> list[tuple[str, str]]:
        """Everything that the topic's subscriber got: alarm and new state."""
        self.seen += [json.loads(one["Message"]) for one in self.received(self.messages)]
        return [(one["AlarmName"].removeprefix(f"{self.endpoint}-"), one["NewStateValue"]) for one in self.seen]

    def measure(self, namespace: str, schedule: str, values: dict[str, float], hours_ago: float = 0.0) -> None:
        """Metrics as the monitoring platform publishes them; a minute that is over, or so many hours before it."""
        moment = datetime.now(timezone.utc) - timedelta(minutes=2, hours=hours_ago)
        dimensions = [
            {"Name": "Endpoint", "Value": self.endpoint},
            {"Name": "MonitoringSchedule", "Value": f"{self.endpoint}-{schedule}"},
        ]
        data = [
            {"MetricName": name, "Timestamp": moment, "Dimensions": dimensions, "Value": value}
            for name, value in values.items()
        ]
        self.server.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)

    def state(self, alarm: str) -> str:
        cloudwatch, name = self.server.client("cloudwatch"), f"{self.endpoint}-{alarm}"
        found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        (alarm_found,) = [*found["MetricAlarms"], *found["CompositeAlarms"]]
        return str(alarm_found["StateValue"])

    def set_state(self, alarm: str, state: str) -> None:
        self.server.client("cloudwatch").set_alarm_state(
            AlarmName=f"{self.endpoint}-{alarm}", StateValue=state, StateReason="a test"
        )

    def decided(self) -> list[str]:
        """The outcomes of all invocations of the function, as its log has them."""
        logs, group = self.server.client("logs"), f"/aws/lambda/{self.stack.name}-request-retraining"
        lines = logs.filter_log_events(logGroupName=group)["events"]
        found = [json.loads(line["message"]) for line in lines if '"outcome"' in line["message"]]
        return [one["outcome"] for one in found]

    def kept(self) -> list[dict[str, Any]]:
        body = self.server.client("s3").get_object(Bucket=self.bucket, Key=STATE_KEY)["Body"].read()
        requests: list[dict[str, Any]] = json.loads(body)["requests"]
        return requests


@pytest.fixture(scope="module")
def monitored(local_aws: Any) -> Iterator[Monitored]:
    """One stack for the tests of this file, which go on where the one before ended."""
    made = Monitored(local_aws)
    yield made
    local_aws.client("events").remove_targets(Rule=made.endpoint, Ids=["queue"])
    local_aws.client("events").delete_rule(Name=made.endpoint)
    delete_monitor_stack(made.target, made.endpoint)
    with pytest.raises(StackMissing, match="scones monitor schedule"):
        find_monitor_stack(made.target, made.endpoint)
    left = local_aws.client("cloudwatch").describe_alarms(
        AlarmNamePrefix=made.endpoint, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    assert not left["MetricAlarms"] and not left["CompositeAlarms"]


def test_the_stack_is_made_once_and_keeps_its_parameters(monitored, local_aws):
    name = monitor_stack_name(monitored.endpoint)
    assert (monitored.stack.name, monitored.stack.endpoint) == (name, monitored.endpoint)
    api = local_aws.client("cloudformation")
    before = len(api.describe_stack_events(StackName=name)["StackEvents"])
    assert ensure_monitor_stack(monitored.target, monitored.endpoint, {"DailyLimit": "50"}) == monitored.stack
    assert deploy_monitor_stack(monitored.target, monitored.endpoint) == monitored.stack
    assert len(api.describe_stack_events(StackName=name)["StackEvents"]) == before
    with pytest.raises(ParameterUnknown, match=r"no parameter CoolDown; there are: AccuracyBar, CoolDownMinutes"):
        deploy_monitor_stack(monitored.target, monitored.endpoint, {"CoolDown": "1"})
    with pytest.raises(ParameterUnknown, match="no parameter CodeKey"):
        deploy_monitor_stack(monitored.target, monitored.endpoint, {"CodeKey": "x"})
    changed = deploy_monitor_stack(monitored.target, monitored.endpoint, {"DriftThreshold": "0.2"})
    assert changed.status == "UPDATE_COMPLETE"
    (found,) = api.describe_stacks(StackName=name)["Stacks"]
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    assert (parameters["DriftThreshold"], parameters["LowConfidenceMinimumPictures"]) == ("0.2", "2")
    (alarm,) = local_aws.client("cloudwatch").describe_alarms(AlarmNames=[f"{monitored.endpoint}-drift-warmth"])[
        "MetricAlarms"
    ]
    assert alarm["Threshold"] == 0.2


def test_the_dashboard_is_there_with_its_names_filled_in(monitored, local_aws):
    found = local_aws.client("cloudwatch").get_dashboard(DashboardName=monitored.stack.dashboard)
    body = json.loads(found["DashboardBody"])
    (graph,) = (one["properties"] for one in body["widgets"] if one["properties"]["title"].endswith("hourly"))
    first = graph["metrics"][0]
    assert first[2:] == ["Endpoint", monitored.endpoint, "MonitoringSchedule", f"{monitored.endpoint}-data-quality"]
    assert graph["annotations"]["horizontal"] == [{"label": "drift", "value": 0.2}]


def test_silence_is_an_alarm_until_there_is_an_analysis(monitored):
    wait_until(lambda: monitored.state("missing-data") == "ALARM", "the alarm on silence")
    quiet = {f"feature_baseline_drift_{feature}": 0.05 for feature in FEATURES}
    monitored.measure(DATA_METRICS, "data-quality", quiet, hours_ago=1.5)
    wait_until(
        lambda: monitored.state("missing-data") == "OK" and monitored.state("drift-warmth") == "OK",
        "the alarms to be OK",
    )
    assert monitored.state("drift") == "OK"
    wait_until(lambda: ("missing-data", "OK") in monitored.told(), "the message of it")


def test_five_features_that_drift_are_one_request(monitored, local_aws):
    drifted = ("brightness", "contrast", "saturation", "sharpness", "warmth")
    # some by the schedule, some on demand
    monitored.measure(DATA_METRICS, "data-quality", {f"feature_baseline_drift_{one}": 0.7 for one in drifted[:3]})
    monitored.measure(DATA_METRICS, "data-quality-now", {f"feature_baseline_drift_{one}": 0.6 for one in drifted[3:]})
    wait_until(lambda: all(monitored.state(f"drift-{one}") == "ALARM" for one in drifted), "the features' alarms")
    wait_until(lambda: monitored.state("drift") == "ALARM", "the alarm of them all")
    (request,) = wait_until(lambda: monitored.received(monitored.requests), "a request")
    assert (request["source"], request["detail-type"]) == ("scones.model-monitor", "Retraining Requested")
    detail = request["detail"]
    assert set(detail) == {"reason", "trigger", "endpoint", "requestId", "requestedAt"}
    assert detail["trigger"]["name"] == monitored.stack.drift_alarm and request["resources"] == [
        detail["trigger"]["arn"]
    ]
    # those that were in alarm by then: the first one is enough
    named = detail["reason"].removeprefix("in alarm: ").split(", ")
    assert named and set(named) <= {f"{monitored.endpoint}-drift-{one}" for one in drifted}
    wait_until(lambda: monitored.kept()[0]["published"], "the request to be kept as published")
    assert [one["requestId"] for one in monitored.kept()] == [detail["requestId"]]
    wait_until(lambda: ("drift", "ALARM") in monitored.told(), "the message of it")
    # the features' own alarms tell nobody; that of them all may have told before that it is OK
    told = [one for one in monitored.told() if one[0].startswith("drift")]
    assert [one for one in told if one != ("drift", "OK")] == [("drift", "ALARM")]
    (message,) = (
        one
        for one in monitored.seen
        if (one["AlarmName"], one["NewStateValue"]) == (monitored.stack.drift_alarm, "ALARM")
    )
    assert len(message["TriggeringChildren"]) == len(named) and "OR ALARM(" in message["AlarmRule"]


def test_the_console_shows_what_the_alarms_are_made_of(monitored, local_aws):
    page = urlopen(f"{local_aws.url}/_console/alarms").read().decode()
    composite = page[page.index(f"<h2>{monitored.stack.drift_alarm} ") :]
    assert f"{monitored.endpoint}-drift-confidence" in composite[: composite.index("</section>")]
    feature = page[page.index(f"<h2>{monitored.endpoint}-drift-brightness ") :]
    shown = feature[: feature.index("</section>")]
    assert "feature_baseline_drift_brightness &gt; 0.2 in 1 of 1 periods of 3600 s" in shown
    assert "drift = MAX([scheduled, on_demand])" in shown
    assert f"scheduled = Maximum of feature_baseline_drift_brightness ({monitored.endpoint}, " in shown


def test_a_second_drift_within_the_cool_down_is_told_of_and_requests_nothing(monitored):
    before = len(monitored.decided())
    monitored.set_state("drift", "OK")
    monitored.set_state("drift", "ALARM")
    wait_until(lambda: len(monitored.decided()) > before, "a decision")
    assert monitored.decided() == ["start", "cool-down"]
    assert monitored.received(monitored.requests) == [] and len(monitored.kept()) == 1
    wait_until(lambda: monitored.told().count(("drift", "ALARM")) == 2, "a second message")


def test_a_model_that_became_bad_a_day_ago_asks_too(monitored):
    # labels come late, and the figures are of the hour that was labelled
    monitored.measure(MODEL_METRICS, "model-quality", {"accuracy": 0.5}, hours_ago=25)
    wait_until(lambda: monitored.state("model-quality") == "ALARM", "the alarm")
    wait_until(lambda: ("model-quality", "ALARM") in monitored.told(), "the message of it")
    wait_until(lambda: len(monitored.decided()) == 3, "a third decision")
    assert monitored.decided()[-1] == "cool-down" and len(monitored.kept()) == 1


def test_when_the_cool_down_is_over_the_next_drift_requests_again(monitored):
    deploy_monitor_stack(monitored.target, monitored.endpoint, {"CoolDownMinutes": "0"})
    monitored.set_state("drift", "OK")
    monitored.set_state("drift", "ALARM")
    (request,) = wait_until(lambda: monitored.received(monitored.requests), "a request")
    assert len(monitored.kept()) == 2 and monitored.kept()[1]["requestId"] == request["detail"]["requestId"]
    monitored.set_state("drift", "OK")
    monitored.set_state("drift", "ALARM")
    wait_until(lambda: len(monitored.decided()) == 5, "a fifth decision")
    assert monitored.decided()[-1] == "daily-limit" and monitored.received(monitored.requests) == []


def test_doubts_are_an_alarm_where_they_are_too_many_of_enough(monitored, local_aws):
    def answer(machine: str, *doubts: float) -> None:
        dimensions = [
            {"Name": "service", "Value": f"{monitored.endpoint}-filter-low-confidence"},
            {"Name": "state_machine", "Value": f"{monitored.endpoint}-{machine}"},
        ]
        moment = datetime.now(timezone.utc) - timedelta(minutes=2)
        datum = {"MetricName": "LowConfidence", "Timestamp": moment, "Dimensions": dimensions, "Values": list(doubts)}
        local_aws.client("cloudwatch").put_metric_data(Namespace="Scones", MetricData=[datum])

    wait_until(lambda: monitored.state("low-confidence") == "OK", "no alarm")
    answer("bulk", 1.0, 0.0)
    wait_until(lambda: monitored.state("low-confidence") == "ALARM", "the alarm")
    answer("workflow", 0.0, 0.0, 0.0)
    wait_until(lambda: monitored.state("low-confidence") == "OK", "no alarm")


def test_the_functions_own_figures_are_metrics(monitored, local_aws):
    def counted(name: str) -> float:
        found = local_aws.client("cloudwatch").get_metric_statistics(
            Namespace="Scones",
            MetricName=name,
            Dimensions=[{"Name": "Endpoint", "Value": monitored.endpoint}],
            StartTime=datetime.now(timezone.utc) - timedelta(minutes=30),
            EndTime=datetime.now(timezone.utc) + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )
        return float(sum(one["Sum"] for one in found["Datapoints"]))

    wait_until(lambda: counted("RetrainingRequested") + counted("RetrainingSuppressed") == 5, "five decisions")
    assert counted("RetrainingRequested") == 2
