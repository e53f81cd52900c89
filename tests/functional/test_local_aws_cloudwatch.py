"""CloudWatch with boto3 on a running local AWS: metrics over the wire, alarms that go off by themselves."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until


@pytest.fixture
def cloudwatch(local_aws: Any) -> Any:
    return local_aws.client("cloudwatch")


@pytest.fixture
def namespace() -> str:
    return f"test/{uuid.uuid4().hex[:12]}"


def minutes_ago(count: int) -> datetime:
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    return now - timedelta(minutes=count)


def put(cloudwatch: Any, namespace: str, name: str, at: datetime, *values: float, **more: Any) -> None:
    dimensions = [{"Name": "EndpointName", "Value": "ep"}]
    datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Values": list(values), **more}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])


def metric(namespace: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": "EndpointName", "Value": "ep"}],
        **more,
    }


def alarm(cloudwatch: Any, name: str, **more: Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=2,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        **more,
    )


def described(cloudwatch: Any, name: str) -> dict[str, Any]:
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found)


def code(method: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        method(**request)
    return str(caught.value.response["Error"]["Code"])


def test_statistics_and_percentiles_of_what_was_put(cloudwatch: Any, namespace: str) -> None:
    at = minutes_ago(3)
    put(cloudwatch, namespace, "Latency", at, 10.0, 20.0, 400.0, Counts=[90.0, 9.0, 1.0], Unit="Milliseconds")
    span = {"StartTime": minutes_ago(10), "EndTime": minutes_ago(0), "Period": 60}
    asked = metric(namespace, "Latency", **span)
    (point,) = cloudwatch.get_metric_statistics(**asked, Statistics=["Average", "SampleCount"])["Datapoints"]
    assert point == {"Timestamp": at, "Unit": "Milliseconds", "Average": 14.8, "SampleCount": 100.0}
    (point,) = cloudwatch.get_metric_statistics(**asked, ExtendedStatistics=["p50", "p99.9"])["Datapoints"]
    assert point["ExtendedStatistics"] == {"p50": 10.0, "p99.9": 400.0}


def test_metric_data_with_expressions_and_pages(cloudwatch: Any, namespace: str) -> None:
    for minute in (3, 2, 1):
        put(cloudwatch, namespace, "Errors", minutes_ago(minute), float(minute))
        put(cloudwatch, namespace, "Invocations", minutes_ago(minute), 10.0)
    queries = [
        {"Id": "e", "MetricStat": {"Metric": metric(namespace, "Errors"), "Period": 60, "Stat": "p99"}},
        {"Id": "n", "MetricStat": {"Metric": metric(namespace, "Invocations"), "Period": 60, "Stat": "Sum"}},
        {"Id": "rate", "Expression": "100 * e / n", "Label": "error rate"},
    ]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=minutes_ago(10),
        EndTime=minutes_ago(0),
        ScanBy="TimestampAscending",
        PaginationConfig={"PageSize": 4},
    )
    found: dict[str, list[float]] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
    assert found == {"e": [3.0, 2.0, 1.0], "n": [10.0, 10.0, 10.0], "rate": [30.0, 20.0, 10.0]}
    listed = cloudwatch.list_metrics(Namespace=namespace)["Metrics"]
    assert sorted(one["MetricName"] for one in listed) == ["Errors", "Invocations"]


def test_a_large_request_which_boto3_compresses(cloudwatch: Any, namespace: str) -> None:
    data = [
        {"MetricName": f"m{number}", "Values": [float(value) for value in range(150)], "Unit": "Count"}
        for number in range(20)
    ]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    assert len(cloudwatch.list_metrics(Namespace=namespace)["Metrics"]) == 20


def test_an_alarm_goes_off_by_itself_and_back(cloudwatch: Any, namespace: str) -> None:
    name = f"latency-{uuid.uuid4().hex[:12]}"
    for minute in (3, 2):
        put(cloudwatch, namespace, "Latency", minutes_ago(minute), 1.0, 9.0)
    alarm(cloudwatch, name, **metric(namespace, "Latency", ExtendedStatistic="p99", Period=60))
    wait_until(lambda: described(cloudwatch, name)["StateValue"] == "ALARM", f"{name} to go off")
    found = described(cloudwatch, name)
    assert found["StateReason"].startswith("Threshold Crossed: 2 out of the last 2 datapoints [9.0 (")
    assert json.loads(found["StateReasonData"])["recentDatapoints"] == [9.0, 9.0]
    assert found["StateTransitionedTimestamp"] == found["StateUpdatedTimestamp"]

    # put again with another threshold it keeps its state until it is evaluated
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=2,
        Threshold=50.0,
        ComparisonOperator="GreaterThanThreshold",
        **metric(namespace, "Latency", ExtendedStatistic="p99", Period=60),
    )
    wait_until(lambda: described(cloudwatch, name)["StateValue"] == "OK", f"{name} to be OK")
    history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
    ]
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_an_alarm_on_an_error_rate(cloudwatch: Any, namespace: str) -> None:
    name = f"rate-{uuid.uuid4().hex[:12]}"
    for minute in (3, 2):
        put(cloudwatch, namespace, "Errors", minutes_ago(minute), 6.0)
        put(cloudwatch, namespace, "Invocations", minutes_ago(minute), 100.0)
    stat = {"Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "e", "MetricStat": {"Metric": metric(namespace, "Errors"), **stat}, "ReturnData": False},
        {"Id": "n", "MetricStat": {"Metric": metric(namespace, "Invocations"), **stat}, "ReturnData": False},
        {"Id": "rate", "Expression": "IF(n > 0, 100 * FILL(e, 0) / n, 0)"},
    ]
    alarm(cloudwatch, name, Metrics=queries)
    wait_until(lambda: described(cloudwatch, name)["StateValue"] == "ALARM", f"{name} to go off")
    kept = {query["Id"]: query for query in described(cloudwatch, name)["Metrics"]}
    assert kept["rate"]["Expression"] == queries[2]["Expression"]
    assert kept["e"]["MetricStat"]["Metric"] == metric(namespace, "Errors")
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_what_is_not_offered_or_wrong_is_refused_by_name(cloudwatch: Any, namespace: str) -> None:
    assert code(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(nobody)") == "ValidationError"
    suppressed = {"AlarmRule": "TRUE", "ActionsSuppressor": "c"}
    assert code(cloudwatch.put_composite_alarm, AlarmName="c", **suppressed) == "InvalidParameterValue"
    instance = ["arn:aws:automate:us-east-1:ec2:stop"]
    assert (
        code(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule="TRUE", OKActions=instance) == "ValidationError"
    )
    assert code(cloudwatch.describe_insight_rules) == "UnknownOperationException"
    bad = {"MetricName": "m", "Value": 1.0, "Unit": "Furlongs"}
    assert code(cloudwatch.put_metric_data, Namespace=namespace, MetricData=[bad]) == "ValidationError"
    both = {"MetricName": "m", "Value": 1.0, "Values": [1.0]}
    assert code(cloudwatch.put_metric_data, Namespace=namespace, MetricData=[both]) == "InvalidParameterCombination"
    assert code(cloudwatch.delete_alarms, AlarmNames=[namespace]) == "ResourceNotFound"
    missing = {"AlarmName": namespace, "StateValue": "OK", "StateReason": "x"}
    assert code(cloudwatch.set_alarm_state, **missing) == "ResourceNotFound"


def test_dashboards_are_still_motos(cloudwatch: Any, namespace: str) -> None:
    name = namespace.replace("/", "-")
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody="{}")
    assert cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] == "{}"


def test_metrics_and_the_states_of_alarms_survive_a_restart(own_local_aws: Any) -> None:
    cloudwatch = own_local_aws.client("cloudwatch")
    put(cloudwatch, "N", "Latency", minutes_ago(2), 7.0)
    alarm(cloudwatch, "watched", **metric("N", "Other", Statistic="Sum", Period=60))
    cloudwatch.set_alarm_state(AlarmName="watched", StateValue="ALARM", StateReason="a drill")
    cloudwatch.put_composite_alarm(AlarmName="over it", AlarmRule="ALARM(watched)")
    own_local_aws.stop()
    own_local_aws.start()
    cloudwatch = own_local_aws.client("cloudwatch")
    found = described(cloudwatch, "watched")
    assert (found["StateValue"], found["StateReason"]) == ("ALARM", "a drill")
    (over,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert (over["AlarmName"], over["AlarmRule"]) == ("over it", "ALARM(watched)")
    wait_until(
        lambda: (
            cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]["StateValue"] == "ALARM"
        ),
        "the composite alarm",
    )
    history = cloudwatch.describe_alarm_history(AlarmName="watched")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    span = {"StartTime": minutes_ago(10), "EndTime": minutes_ago(0), "Period": 60}
    (point,) = cloudwatch.get_metric_statistics(**metric("N", "Latency", **span), Statistics=["Sum"])["Datapoints"]
    assert point["Sum"] == 7.0
