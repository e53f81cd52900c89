"""The metrics of functions: those in what they print, in the embedded metric format, and those of invocations."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from moto.logs.models import LogsBackend

from local_aws.cloudwatch.embedded_metrics import metrics_in
from local_aws.cloudwatch.series import SeriesStore
from local_aws.functions.errors import TooManyRequests
from local_aws.functions.function import Function
from local_aws.functions.function_metrics import FunctionMetrics, Unwatched
from local_aws.functions.functions import Functions
from local_aws.logs import LogGroups
from local_aws.metrics import Metrics

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=timezone.utc)


def line(*directives: Any, at: datetime = NOW, **members: Any) -> str:
    timestamp = int(at.timestamp() * 1000)
    return json.dumps({"_aws": {"Timestamp": timestamp, "CloudWatchMetrics": list(directives)}, **members})


def directive(*metrics: Any, dimensions: Any = ((),), namespace: Any = "Scones") -> dict[str, Any]:
    return {"Namespace": namespace, "Dimensions": dimensions, "Metrics": list(metrics)}


def found(text: str) -> list[tuple[str, str, dict[str, str], str, tuple[float, ...]]]:
    return [
        (namespace, datum.name, dict(datum.dimensions), datum.unit, datum.values)
        for namespace, datum in metrics_in(text, NOW)
    ]


def test_what_powertools_prints():
    text = (
        '{"_aws":{"Timestamp":1772366430000,"CloudWatchMetrics":[{"Namespace":"Scones","Dimensions":[["service",'
        '"state_machine"]],"Metrics":[{"Name":"LowConfidence","Unit":"Count"}]}]},"service":"filter",'
        '"state_machine":"classify","LowConfidence":[1.0]}'
    )
    dimensions = {"service": "filter", "state_machine": "classify"}
    assert found(text) == [("Scones", "LowConfidence", dimensions, "Count", (1.0,))]


def test_every_metric_is_there_in_every_set_of_dimensions_and_of_every_directive():
    first = directive({"Name": "a", "Unit": "Seconds"}, {"Name": "b"}, dimensions=[[], ["x"], ["x", "y"]])
    second = directive({"Name": "c", "StorageResolution": 1}, namespace="Other")
    measured = found(line(first, second, x="1", y="2", a=[1, 2.5], b=3, c=4))
    assert measured == [
        ("Scones", "a", {}, "Seconds", (1.0, 2.5)),
        ("Scones", "b", {}, "None", (3.0,)),
        ("Scones", "a", {"x": "1"}, "Seconds", (1.0, 2.5)),
        ("Scones", "b", {"x": "1"}, "None", (3.0,)),
        ("Scones", "a", {"x": "1", "y": "2"}, "Seconds", (1.0, 2.5)),
        ("Scones", "b", {"x": "1", "y": "2"}, "None", (3.0,)),
        ("Other", "c", {}, "None", (4.0,)),
    ]


def test_text_before_the_document_is_no_hindrance():
    text = "[INFO]\t2026-03-01T12:00:30Z\tid\t" + line(directive({"Name": "a"}), a=1)
    assert found(text) == [("Scones", "a", {}, "None", (1.0,))]


A = {"Name": "a"}


@pytest.mark.parametrize(
    "text",
    [
        "no metrics at all",
        '"_aws"',
        '{"_aws": ',
        '{"_aws": 3}',
        '["_aws"] {"_aws": {}}',
        line(a=1).replace("[]", "{}"),
        json.dumps({"_aws": {"CloudWatchMetrics": [directive(A)]}, "a": 1}),
        json.dumps({"_aws": {"Timestamp": "now", "CloudWatchMetrics": [directive(A)]}, "a": 1}),
        json.dumps({"_aws": {"Timestamp": 10**30, "CloudWatchMetrics": [directive(A)]}, "a": 1}),
        line(directive(A), a=1, at=NOW - timedelta(weeks=3)),
        line(directive(A), a=1, at=NOW + timedelta(hours=3)),
        line("text", a=1),
        line(directive(A, namespace=""), a=1),
        line(directive(A, namespace=None), a=1),
        line(directive(A, dimensions=[]), a=1),
        line(directive(A, dimensions="x"), a=1, x="1"),
        line(directive(A, dimensions=[["x"]]), a=1),
        line(directive(A, dimensions=[["x"]]), a=1, x=1),
        line(directive(A, dimensions=[["x"]]), a=1, x=""),
        line(directive(A, dimensions=[[["x"]]]), a=1, x="1"),
        line(directive(A, dimensions=[[f"d{n}" for n in range(31)]]), a=1, **{f"d{n}": "1" for n in range(31)}),
        line(directive(A)),
        line(directive(A), a="1"),
        line(directive(A), a=True),
        line(directive(A), a=None),
        line(directive(A), a=[]),
        line(directive(A), a=[1, "2"]),
        line(directive(A), a=[1] * 101),
        line(directive(A), a=2.0**361),
        line(directive(A), a=float("nan")),
        line(directive({"Name": "b.a"}), b={"a": 1}),
        line(directive({"Unit": "Count"}), a=1),
        line(directive("a"), a=1),
        line(directive(*[A] * 101), a=1),
        '{"_aws": ' + "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_malformed_is_no_metric_and_no_error(text):
    assert found(text) == []


def test_of_a_document_the_sound_parts_count():
    text = line(directive({"Name": "a", "Unit": "Furlongs"}, {"Name": "b"}, dimensions=[["no"], ["x"]]), x="1", a=1)
    assert found(text) == [("Scones", "a", {"x": "1"}, "None", (1.0,))]


def test_functions_metrics_come_to_cloudwatch_in_minutes(tmp_path):
    metrics = Metrics(SeriesStore(tmp_path / "metrics.sqlite"), lambda: NOW)
    watch = FunctionMetrics(metrics, lambda: NOW)
    watch.invoked("f", 12.5, failed=False, concurrent=1)
    watch.invoked("f", 20.0, failed=True, concurrent=2)
    watch.throttled("f")
    for value in (1, 2, 2):
        watch.line(line(directive({"Name": "Seen", "Unit": "Count"}), Seen=value))
    watch.put()
    watch.put()

    def statistic(namespace: str, name: str, stat: str, **dimensions: str) -> list[float]:
        end = NOW + timedelta(minutes=1)
        points = metrics.statistic(namespace, name, dimensions, stat, 60, NOW - timedelta(minutes=1), end)
        return [value for _, value in points]

    assert statistic("AWS/Lambda", "Invocations", "Sum", FunctionName="f") == [2.0]
    assert statistic("AWS/Lambda", "Errors", "Sum", FunctionName="f") == [1.0]
    assert statistic("AWS/Lambda", "Throttles", "Sum", FunctionName="f") == [1.0]
    assert statistic("AWS/Lambda", "Duration", "Minimum", FunctionName="f") == [12.5]
    assert statistic("AWS/Lambda", "ConcurrentExecutions", "Maximum", FunctionName="f") == [2.0]
    assert statistic("Scones", "Seen", "Sum") == [5.0]
    assert statistic("Scones", "Seen", "SampleCount") == [3.0]


class Watch(Unwatched):
    """Remembers what was refused."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def throttled(self, function: str) -> None:
        self.refused.append(function)


def test_an_invocation_that_is_refused_for_there_being_too_many_is_a_throttle(tmp_path):
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    function = Function("f", "$LATEST", arn, "python3.11", "app.handler", 3, 128, "g", "s", reserved_concurrency=0)
    watch = Watch()
    logs = LogGroups(LogsBackend("us-east-1", "123456789012"))
    runner = Functions(lambda name, qualifier: function, logs, tmp_path / "f", "us-east-1", "", watch=watch)
    with pytest.raises(TooManyRequests):
        runner.invoke("f", b"{}")
    assert watch.refused == ["f"]
    runner.shutdown()
