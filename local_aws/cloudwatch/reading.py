"""The operations that read metrics: GetMetricStatistics, GetMetricData, ListMetrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError

from local_aws.cloudwatch.data_queries import Queries, Query, QueryError
from local_aws.cloudwatch.distribution import Distribution, check_statistic
from local_aws.cloudwatch.metric_math import Points
from local_aws.cloudwatch.periods import aligned_start, check_period, in_periods
from local_aws.cloudwatch.series import Series
from local_aws.metrics import Metrics

MOST_STATISTICS = 1440
MOST_DATA = 100_800
METRICS_OF_A_PAGE = 500
LISTED_FOR = timedelta(weeks=2)
LISTED_WHEN_RECENT = timedelta(hours=3)


def get_metric_statistics(metrics: Metrics, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer GetMetricStatistics: each unit by itself, in order of time.

    Raises InvalidParameterValue, InvalidParameterCombination.
    """
    simple, percentiles = request.get("Statistics") or [], request.get("ExtendedStatistics") or []
    if bool(simple) == bool(percentiles):
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    period = request["Period"]
    start, end = _range(request, InvalidParameterValue)
    _checked(lambda: check_period(period), InvalidParameterValue)
    for stat in (*simple, *percentiles):
        _checked(lambda stat=stat: check_statistic(stat), InvalidParameterValue)  # type: ignore[misc]
    wanted = int((end - start) / period)
    if wanted > MOST_STATISTICS:
        raise InvalidParameterCombination(
            f"You have requested up to {wanted:,} datapoints, which exceeds the limit of {MOST_STATISTICS:,}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    origin = aligned_start(start, period)
    series = Series.of(request["Namespace"], request["MetricName"], dimensions_of(request))
    buckets = metrics.store.read(series, origin, int(end), request.get("Unit"), values=bool(percentiles))
    found = []
    for unit, of_unit in groupby(sorted(buckets, key=lambda bucket: bucket.unit), key=lambda bucket: bucket.unit):
        for moment, all_of in in_periods(of_unit, origin, period).items():
            found.append({"Timestamp": _moment(moment), "Unit": unit, **_statistics(all_of, simple, percentiles)})
    return {"Label": request["MetricName"], "Datapoints": sorted(found, key=lambda point: point["Timestamp"])}


def get_metric_data(metrics: Metrics, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer GetMetricData, page by page. Raises ValidationError, InvalidParameterValue."""
    start, end = _range(request, ValidationError)
    try:
        queries = Queries(request["MetricDataQueries"])
        points = queries.points(metrics, start, end)
    except QueryError as error:
        raise ValidationError(str(error)) from error
    shown = [query for query in queries.all.values() if query.return_data]
    if not shown:
        raise ValidationError("At least one query must have ReturnData, else there is nothing to return.")
    newest_first = request.get("ScanBy") != "TimestampAscending"
    first = _offset(request.get("NextToken"))
    last = first + min(request.get("MaxDatapoints") or MOST_DATA, MOST_DATA)
    results, position = [], 0
    for query in shown:
        results.append(_result(query, points[query.id], newest_first, first - position, last - position))
        position += len(points[query.id])
    return {"MetricDataResults": results, "Messages": [], "NextToken": str(last) if last < position else None}


def list_metrics(metrics: Metrics, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ListMetrics with the metrics of the past two weeks, 500 a page. Raises InvalidParameterValue."""
    wanted = [(one["Name"], one.get("Value")) for one in request.get("Dimensions") or ()]
    kept = LISTED_WHEN_RECENT if request.get("RecentlyActive") else LISTED_FOR
    since = int((metrics.now() - kept).timestamp())
    found = [
        (number, series)
        for number, series in metrics.store.series(
            request.get("Namespace"), request.get("MetricName"), since, _offset(request.get("NextToken"))
        )
        if all(any(name == key and wish in (None, value) for key, value in series.dimensions) for name, wish in wanted)
    ]
    page = found[:METRICS_OF_A_PAGE]
    return {
        "Metrics": [
            {
                "Namespace": series.namespace,
                "MetricName": series.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
            }
            for _, series in page
        ],
        "NextToken": str(page[-1][0]) if len(found) > len(page) else None,
    }


def dimensions_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The member `Dimensions` of a request as a mapping."""
    return {dimension["Name"]: dimension["Value"] for dimension in request.get("Dimensions") or ()}


def _result(query: Query, points: Points, newest_first: bool, first: int, last: int) -> dict[str, Any]:
    """The part of a time series that belongs on this page; `first` and `last` are positions in the series."""
    moments = sorted(points, reverse=newest_first)
    page = moments[max(0, first) : max(0, last)]
    return {
        "Id": query.id,
        "Label": query.label,
        "Timestamps": [_moment(moment) for moment in page],
        "Values": [points[moment] for moment in page],
        "StatusCode": "PartialData" if last < len(moments) else "Complete",
    }


def _statistics(all_of: Distribution, simple: list[str], percentiles: list[str]) -> dict[str, Any]:
    if simple:
        return {stat: all_of.statistic(stat) for stat in simple}
    known = {stat: all_of.statistic(stat) for stat in percentiles}
    return {"ExtendedStatistics": {stat: value for stat, value in known.items() if value is not None}}


def _range(request: Mapping[str, Any], error: type[Exception]) -> tuple[float, float]:
    start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
    if start >= end:
        raise error("The parameter StartTime must be less than the parameter EndTime.")
    return start, end


def _checked(check: Callable[[], None], error: type[Exception]) -> None:
    try:
        check()
    except ValueError as reason:
        raise error(str(reason)) from reason


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdigit()):
        raise InvalidParameterValue("Request parameter NextToken is invalid")
    return int(token)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
