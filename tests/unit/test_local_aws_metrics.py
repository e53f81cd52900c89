"""Metrics: what is put in process or by the API, and the statistics that come back."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError

from local_aws.cloudwatch.distribution import DISTINCT_VALUES, Distribution, UnknownStatistic
from local_aws.cloudwatch.periods import UnknownPeriod
from local_aws.cloudwatch.put_metric_data import measured
from local_aws.cloudwatch.reading import get_metric_data, get_metric_statistics, list_metrics
from local_aws.cloudwatch.series import Bucket, Series, SeriesStore
from local_aws.metrics import MetricDatum, Metrics
from tests.waiting import wait_until

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
DIMENSIONS = {"EndpointName": "ep", "VariantName": "AllTraffic"}
AS_REQUEST = [{"Name": "VariantName", "Value": "AllTraffic"}, {"Name": "EndpointName", "Value": "ep"}]


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics(tmp_path: Path, clock: Clock) -> Iterator[Metrics]:
    made = Metrics(SeriesStore(tmp_path / "metrics.sqlite"), clock)
    yield made
    made.store.close()


def datum(*values: float, at: datetime = NOON, counts: tuple[float, ...] | None = None, **more: Any) -> MetricDatum:
    settings: dict[str, Any] = {"name": "Latency", "dimensions": DIMENSIONS, "unit": "Microseconds", **more}
    return MetricDatum(timestamp=at, values=values, counts=counts or (1.0,) * len(values), **settings)


def statistic(metrics: Metrics, stat: str, period: int = 60, minutes: int = 60, **more: Any) -> list[float]:
    asked = {"namespace": "N", "name": "Latency", "dimensions": DIMENSIONS, **more}
    end = NOON + timedelta(minutes=1)
    found = metrics.statistic(stat=stat, period=period, start=end - timedelta(minutes=minutes), end=end, **asked)
    return [value for _, value in found]


def by_api(metrics: Metrics, *data: dict[str, Any]) -> None:
    whole = [{"MetricName": "Latency", "Dimensions": AS_REQUEST, "Timestamp": NOON, **one} for one in data]
    metrics.add(measured({"Namespace": "N", "MetricData": whole}, metrics.now()))


def read(metrics: Metrics, **more: Any) -> list[dict[str, Any]]:
    request = {
        "Namespace": "N",
        "MetricName": "Latency",
        "Dimensions": AS_REQUEST,
        "StartTime": NOON - timedelta(hours=1),
        "EndTime": NOON + timedelta(hours=1),
        "Period": 60,
        **more,
    }
    found: list[dict[str, Any]] = get_metric_statistics(metrics, request)["Datapoints"]
    return found


def query(name: str, stat: str = "Sum", metric: str = "Latency", period: int = 60, **more: Any) -> dict[str, Any]:
    of = {"Namespace": "N", "MetricName": metric, "Dimensions": AS_REQUEST}
    return {"Id": name, "MetricStat": {"Metric": of, "Period": period, "Stat": stat}, **more}


def data(metrics: Metrics, *queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    times = {"StartTime": NOON - timedelta(minutes=10), "EndTime": NOON + timedelta(minutes=10)}
    return get_metric_data(metrics, {"MetricDataQueries": list(queries), **times, **more})


def values_of(answer: dict[str, Any]) -> dict[str, list[float]]:
    return {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}


def test_values_and_counts_make_every_statistic(metrics):
    metrics.put("N", [datum(10.0, 20.0, 400.0, counts=(90.0, 9.0, 1.0))])
    wanted = {"Sum": 1480, "Average": 14.8, "Minimum": 10, "Maximum": 400, "SampleCount": 100}
    wanted |= {"p50": 10, "p90": 10, "p91": 20, "p99": 20, "p99.9": 400, "p100": 400, "p0": 10}
    assert {stat: statistic(metrics, stat) for stat in wanted} == {stat: [value] for stat, value in wanted.items()}


def test_what_is_put_at_different_times_into_one_minute_is_one_distribution(metrics):
    metrics.put("N", [datum(1.0, 2.0)])
    metrics.put("N", [datum(2.0, 9.0, at=NOON + timedelta(seconds=59))])
    assert (statistic(metrics, "Sum"), statistic(metrics, "p75")) == ([14.0], [2.0])


def test_periods_without_data_are_left_out_and_longer_ones_hold_several_minutes(metrics):
    for minute in (-9, -4, -3, 0):
        metrics.put("N", [datum(1.0, at=NOON + timedelta(minutes=minute))])
    assert statistic(metrics, "Sum", minutes=10) == [1.0] * 4
    assert statistic(metrics, "Sum", period=300, minutes=10) == [1.0, 3.0]


def test_periods_begin_at_the_start_rounded_down_to_the_minute(metrics):
    metrics.put("N", [datum(1.0, at=NOON + timedelta(minutes=3))])
    start = NOON + timedelta(minutes=1, seconds=40)
    found = metrics.statistic("N", "Latency", DIMENSIONS, "Sum", 300, start, NOON + timedelta(hours=1))
    assert found == [(NOON + timedelta(minutes=1), 1.0)]


@pytest.mark.parametrize(
    "other", [{"namespace": "M"}, {"name": "latency"}, {"dimensions": {"EndpointName": "ep"}}, {"dimensions": {}}]
)
def test_a_metric_is_found_by_exactly_its_own_name_and_dimensions(metrics, other):
    metrics.put("N", [datum(1.0)])
    assert statistic(metrics, "Sum") == [1.0]
    assert statistic(metrics, "Sum", **other) == []


def test_unknown_statistics_and_periods_are_refused(metrics):
    for stat in ("sum", "p101", "p", "tm99", "p99%"):
        with pytest.raises(UnknownStatistic):
            statistic(metrics, stat)
    for period in (0, -60, 7, 90):
        with pytest.raises(UnknownPeriod):
            statistic(metrics, "Sum", period=period)


def test_a_datum_that_counts_nothing_adds_nothing(metrics):
    metrics.put("N", [datum(), datum(5.0, counts=(0.0,))])
    assert statistic(metrics, "SampleCount") == []


def test_metrics_survive_the_process(tmp_path, clock):
    first = Metrics(SeriesStore(tmp_path / "metrics.sqlite"), clock)
    first.put("N", [datum(1.0, 3.0)])
    # not closed: as if it had been killed
    second = Metrics(SeriesStore(tmp_path / "metrics.sqlite"), clock)
    assert statistic(second, "p99") == [3.0]
    first.store.close()
    second.store.close()


def test_old_data_is_dropped_and_seconds_become_minutes(metrics, clock):
    by_api(
        metrics, *({"Value": 1.0, "StorageResolution": 1, "Timestamp": NOON + timedelta(seconds=s)} for s in (1, 11))
    )
    ten_seconds = {"StartTime": NOON, "EndTime": NOON + timedelta(minutes=1), "Period": 10, "Statistics": ["Sum"]}
    assert [point["Sum"] for point in read(metrics, **ten_seconds)] == [1.0, 1.0]
    clock.moment += timedelta(hours=4)
    metrics.put("N", [datum(1.0, name="Other")])
    assert [point["Sum"] for point in read(metrics, **ten_seconds)] == [2.0]
    clock.moment += timedelta(days=16)
    metrics.put("N", [datum(1.0, name="New", at=clock.moment)])
    assert read(metrics, **ten_seconds) == []
    assert [one["MetricName"] for one in list_metrics(metrics, {})["Metrics"]] == ["New"]


def test_distinct_values_are_bounded_and_sums_stay_exact():
    values = [float(value) for value in range(1, 5 * DISTINCT_VALUES)]
    found = Distribution.of(values, [1.0] * len(values))
    assert found.seen is not None
    assert len(found.seen) <= 3 * 900 < len(values)
    assert (found.count, found.total, found.maximum) == (len(values), sum(values), values[-1])
    assert found.statistic("p99") == pytest.approx(0.99 * len(values), rel=0.005)


def test_an_hour_of_ten_second_data_is_read_fast(metrics):
    seed = random.Random(1)
    series = Series.of("N", "Latency", DIMENSIONS)
    first = int(NOON.timestamp()) - 3600
    metrics.add(
        (
            series,
            Bucket(first + 10 * index, "None", Distribution.of([seed.gauss(1000, 50) for _ in range(100)], [1] * 100)),
        )
        for index in range(360)
    )

    def seconds() -> float:
        began = time.process_time()
        found = metrics.statistic("N", "Latency", DIMENSIONS, "p99", 10, NOON - timedelta(hours=1), NOON)
        taken = time.process_time() - began
        assert len(found) == 360
        return taken

    # of the processor, and again: the machine may have other things to do; a fifth of it where it has none
    wait_until(lambda: seconds() < 0.1, "an hour of data within 0.1 s")


def test_every_form_of_put_metric_data(metrics):
    by_api(
        metrics,
        {"Value": 3.0},
        {"Values": [1.0, 2.0], "Counts": [2.0, 1.0]},
        {"Values": [5.0]},
        {"StatisticValues": {"SampleCount": 2.0, "Sum": 14.0, "Minimum": 7.0, "Maximum": 7.0}},
    )
    assert (statistic(metrics, "Sum"), statistic(metrics, "SampleCount")) == ([26.0], [7.0])
    # the values of a statistic set are known where they are all the same
    assert (statistic(metrics, "p50"), statistic(metrics, "p99")) == ([3.0], [7.0])


def test_percentiles_are_not_given_of_values_that_are_not_known_or_negative(metrics):
    by_api(metrics, {"StatisticValues": {"SampleCount": 2.0, "Sum": 4.0, "Minimum": 1.0, "Maximum": 3.0}})
    assert (statistic(metrics, "p50"), statistic(metrics, "Maximum")) == ([], [3.0])
    metrics.put("N", [datum(-1.0, 2.0, name="Change")])
    assert statistic(metrics, "p50", name="Change") == []


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({}, InvalidParameterCombination),
        ({"Value": 1.0, "Values": [1.0]}, InvalidParameterCombination),
        ({"Value": float("nan")}, InvalidParameterValue),
        ({"Value": float("inf")}, InvalidParameterValue),
        ({"Value": 2.0**361}, InvalidParameterValue),
        ({"Values": []}, InvalidParameterValue),
        ({"Values": [1.0], "Counts": [1.0, 2.0]}, InvalidParameterValue),
        ({"Values": [1.0], "Counts": [-1.0]}, InvalidParameterValue),
        ({"StatisticValues": {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 2.0, "Maximum": 1.0}}, InvalidParameterValue),
        ({"Value": 1.0, "StorageResolution": 30}, InvalidParameterValue),
        ({"Value": 1.0, "Timestamp": NOON - timedelta(days=15)}, InvalidParameterValue),
        ({"Value": 1.0, "Timestamp": NOON + timedelta(hours=3)}, InvalidParameterValue),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]},
            InvalidParameterValue,
        ),
    ],
)
def test_bad_data_is_refused_whole(metrics, bad, error):
    with pytest.raises(error):
        by_api(metrics, {"Value": 1.0}, bad)
    assert statistic(metrics, "Sum") == []


def test_statistics_of_each_unit_by_itself(metrics):
    by_api(metrics, {"Value": 1.0, "Unit": "Seconds"}, {"Value": 2.0, "Unit": "Count"}, {"Value": 4.0, "Unit": "Count"})
    found = {point["Unit"]: (point["Sum"], point["Maximum"]) for point in read(metrics, Statistics=["Sum", "Maximum"])}
    assert found == {"Seconds": (1.0, 1.0), "Count": (6.0, 4.0)}
    assert [point["Sum"] for point in read(metrics, Statistics=["Sum"], Unit="Seconds")] == [1.0]


def test_extended_statistics(metrics):
    metrics.put("N", [datum(*map(float, range(1, 1001)))])
    (point,) = read(metrics, ExtendedStatistics=["p50", "p99", "p99.9"])
    assert point["ExtendedStatistics"] == {"p50": 500.0, "p99": 990.0, "p99.9": 999.0}


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({}, InvalidParameterCombination),
        ({"Statistics": ["Sum"], "ExtendedStatistics": ["p99"]}, InvalidParameterCombination),
        ({"ExtendedStatistics": ["tm99"]}, InvalidParameterValue),
        ({"Statistics": ["Sum"], "Period": 61}, InvalidParameterValue),
        ({"Statistics": ["Sum"], "EndTime": NOON - timedelta(hours=1)}, InvalidParameterValue),
        ({"Statistics": ["Sum"], "StartTime": NOON - timedelta(hours=30)}, InvalidParameterCombination),
    ],
)
def test_bad_questions_are_refused(metrics, bad, error):
    with pytest.raises(error):
        read(metrics, **bad)


def test_metric_data_newest_first_unless_asked_otherwise(metrics):
    for minute in (0, 1, 2):
        metrics.put("N", [datum(float(minute), at=NOON + timedelta(minutes=minute))])
    assert values_of(data(metrics, query("m1"))) == {"m1": [2.0, 1.0, 0.0]}
    answer = data(metrics, query("m1", Label="mine"), ScanBy="TimestampAscending")
    (result,) = answer["MetricDataResults"]
    assert (result["Label"], result["Values"], result["StatusCode"]) == ("mine", [0.0, 1.0, 2.0], "Complete")
    assert result["Timestamps"] == [NOON + timedelta(minutes=minute) for minute in (0, 1, 2)]


def test_pages_of_metric_data_hold_every_point_once(metrics):
    for minute in range(5):
        metrics.put("N", [datum(float(minute), at=NOON + timedelta(minutes=minute))])
        metrics.put("N", [datum(10.0 + minute, at=NOON + timedelta(minutes=minute), name="Other")])
    asked = (query("m1"), query("m2", metric="Other"))
    token, pages = None, []
    while True:
        more = {"NextToken": token} if token else {}
        answer = data(metrics, *asked, MaxDatapoints=3, ScanBy="TimestampAscending", **more)
        pages.append(values_of(answer))
        token = answer["NextToken"]
        if token is None:
            break
    assert [sum(map(len, page.values())) for page in pages] == [3, 3, 3, 1]
    assert [value for page in pages for value in page["m1"]] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [value for page in pages for value in page["m2"]] == [10.0, 11.0, 12.0, 13.0, 14.0]


def test_expressions_over_metrics_that_are_not_returned(metrics):
    for minute, (errors, all_of) in enumerate([(1.0, 10.0), (5.0, 10.0)]):
        at = NOON + timedelta(minutes=minute)
        metrics.put("N", [datum(errors, at=at, name="Errors"), datum(all_of, at=at, name="All")])
    answer = data(
        metrics,
        query("e", metric="Errors", ReturnData=False),
        query("n", metric="All", ReturnData=False),
        {"Id": "rate", "Expression": "100 * e / n"},
        {"Id": "high", "Expression": "IF(rate > 20, rate)"},
    )
    assert values_of(answer) == {"rate": [50.0, 10.0], "high": [50.0]}


@pytest.mark.parametrize(
    "queries",
    [
        [{"Id": "M1", "Expression": "1"}],
        [query("m1"), query("m1")],
        [{"Id": "m1"}],
        [query("m1", Expression="m2")],
        [query("m1", ReturnData=False)],
        [query("m1", stat="tm90")],
        [query("m1", period=45)],
        [query("m1"), {"Id": "e", "Expression": "m1 +"}],
        [query("m1"), {"Id": "e", "Expression": "m2 + 1"}],
        [query("m1"), {"Id": "e", "Expression": "ANOMALY_DETECTION_BAND(m1)"}],
        [query("m1"), {"Id": "e", "Expression": "f + m1"}, {"Id": "f", "Expression": "e + m1"}],
        [query("m1"), query("m2", period=300), {"Id": "e", "Expression": "m1 + m2"}],
        [{"Id": "s", "Expression": "SELECT AVG(Latency) FROM N"}],
        [query("m1", AccountId="210987654321")],
    ],
)
def test_queries_that_make_no_sense_are_refused(metrics, queries):
    metrics.put("N", [datum(1.0)])
    with pytest.raises(ValidationError):
        data(metrics, *queries)


def test_metrics_are_listed_by_name_and_dimensions(metrics):
    metrics.put("N", [datum(1.0), datum(1.0, name="Other", dimensions={"EndpointName": "ep2"})])
    metrics.put("M", [datum(1.0, dimensions={})])

    def listed(**request: Any) -> list[str]:
        found = list_metrics(metrics, request)["Metrics"]
        return [f"{one['Namespace']}/{one['MetricName']}/{len(one['Dimensions'])}" for one in found]

    assert listed() == ["N/Latency/2", "N/Other/1", "M/Latency/0"]
    assert listed(Namespace="N", MetricName="Other") == ["N/Other/1"]
    assert listed(Dimensions=[{"Name": "EndpointName"}]) == ["N/Latency/2", "N/Other/1"]
    assert listed(Dimensions=[{"Name": "EndpointName", "Value": "ep2"}]) == ["N/Other/1"]


def test_metrics_are_listed_while_they_are_recent(metrics, clock):
    metrics.put("N", [datum(1.0)])
    clock.moment += timedelta(hours=4)
    assert list_metrics(metrics, {"RecentlyActive": "PT3H"})["Metrics"] == []
    assert len(list_metrics(metrics, {})["Metrics"]) == 1


def test_pages_of_metrics(metrics):
    metrics.put("N", [datum(1.0, name=f"m{number}") for number in range(1100)])
    names: list[str] = []
    token = None
    while True:
        answer = list_metrics(metrics, {"NextToken": token} if token else {})
        assert len(answer["Metrics"]) <= 500
        names += [one["MetricName"] for one in answer["Metrics"]]
        token = answer["NextToken"]
        if token is None:
            break
    assert names == [f"m{number}" for number in range(1100)]
    with pytest.raises(InvalidParameterValue):
        list_metrics(metrics, {"NextToken": "nonsense"})
