"""What a metric alarm watches and when it goes off: checked when it is put, read again when it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import Alarm, MetricDataQuery

from local_aws.cloudwatch.data_queries import Queries, Query, QueryError
from local_aws.cloudwatch.evaluation import COMPARISONS, TREATMENTS, Criterion

UNSUPPORTED = (
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "ActionConfiguration",
)
OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")
SHORT_PERIODS = (10, 20, 30)
DAY = 86400
HOUR = 3600


@dataclass(frozen=True)
class Watched:
    """The queries of an alarm, and which of them is compared with the threshold."""

    queries: Queries
    result: Query
    period: int


def check_alarm(request: Mapping[str, Any]) -> None:
    """Refuse what CloudWatch would not take in PutMetricAlarm, and what is not evaluated here.

    Raises ValidationError, InvalidParameterValue, InvalidParameterCombination.
    """
    for name in UNSUPPORTED:
        if request.get(name) is not None:
            raise InvalidParameterValue(f"The parameter {name} is not supported by this local AWS.")
    if request.get("EvaluateLowSampleCountPercentile") not in (None, "evaluate"):
        raise InvalidParameterValue(
            "Of EvaluateLowSampleCountPercentile this local AWS supports only the value evaluate, the default."
        )
    for name in ("ComparisonOperator", "EvaluationPeriods", "Threshold"):
        if request.get(name) is None:
            raise ValidationError(f"The parameter {name} is required.")
    if request["ComparisonOperator"] not in COMPARISONS:
        raise ValidationError(f"ComparisonOperator must be one of {', '.join(COMPARISONS)}: others are not supported.")
    if request.get("TreatMissingData") not in (None, *TREATMENTS):
        raise ValidationError(f"TreatMissingData must be one of {', '.join(TREATMENTS)}.")
    if (request.get("DatapointsToAlarm") or 1) > request["EvaluationPeriods"]:
        raise ValidationError("DatapointsToAlarm must not be more than EvaluationPeriods.")
    _check_form(request)
    _check_length(watched_by(_queries(request)).period, request["EvaluationPeriods"])


def criterion_of(alarm: Alarm) -> Criterion:
    """When the alarm goes off."""
    return Criterion(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        evaluation_periods=int(alarm.evaluation_periods),
        datapoints_to_alarm=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        treat_missing_data=alarm.treat_missing_data or "missing",
    )


def watched_by(queries: list[dict[str, Any]]) -> Watched:
    """The queries of an alarm, one of which returns data. Raises ValidationError."""
    try:
        checked = Queries(queries)
        shown = [query for query in checked.all.values() if query.return_data]
        if len(shown) != 1:
            raise QueryError("Exactly one of the alarm's metrics must have ReturnData set to true.")
        periods = {checked.period(query) for query in checked.all.values()}
    except QueryError as error:
        raise ValidationError(str(error)) from error
    if len(periods) != 1:
        raise ValidationError("All metrics of an alarm must have the same period.")
    return Watched(checked, shown[0], periods.pop())


def queries_of(alarm: Alarm) -> list[dict[str, Any]]:
    """The queries in the API's form, also of an alarm over one plain metric."""
    if alarm.metric_data_queries:
        return [_as_request(query) for query in alarm.metric_data_queries]
    metric = {
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric_name,
        "Dimensions": [{"Name": one.name, "Value": one.value} for one in alarm.dimensions],
    }
    stat = alarm.statistic or alarm.extended_statistic
    return [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": alarm.period, "Stat": stat, "Unit": alarm.unit}}]


def _queries(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    if request.get("Metrics"):
        return list(request["Metrics"])
    metric = {name: request.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    stat = request.get("Statistic") or request.get("ExtendedStatistic")
    return [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": request["Period"], "Stat": stat}}]


def _check_form(request: Mapping[str, Any]) -> None:
    given = [name for name in OF_ONE_METRIC if request.get(name)]
    if request.get("Metrics"):
        if given:
            raise InvalidParameterCombination(f"An alarm with Metrics must not have {', '.join(given)} as well.")
        return
    for name in ("MetricName", "Namespace", "Period"):
        if name not in given:
            raise ValidationError(f"The parameter {name} is required for an alarm without Metrics.")
    if ("Statistic" in given) == ("ExtendedStatistic" in given):
        raise InvalidParameterCombination("An alarm must have either Statistic or ExtendedStatistic.")


def _check_length(period: int, evaluation_periods: int) -> None:
    if period < 60 and period not in SHORT_PERIODS:
        raise ValidationError("The period of an alarm must be 10, 20, 30 or a multiple of 60 seconds.")
    longest = 7 * DAY if period >= HOUR else DAY
    if period * evaluation_periods > longest:
        raise ValidationError(
            f"Metrics cannot be checked across more than {longest} seconds: fewer or shorter periods."
        )


def _as_request(query: MetricDataQuery) -> dict[str, Any]:
    found: dict[str, Any] = {"Id": query.id, "Label": query.label}
    if query.return_data is not None:
        found["ReturnData"] = query.return_data
    if query.period:
        found["Period"] = query.period
    if query.metric_stat is None:
        return {**found, "Expression": query.expression}
    of = query.metric_stat
    metric = {
        "Namespace": of.metric.namespace,
        "MetricName": of.metric.metric_name,
        "Dimensions": [{"Name": one.name, "Value": one.value} for one in of.metric.dimensions],
    }
    return {**found, "MetricStat": {"Metric": metric, "Period": of.period, "Stat": of.stat, "Unit": of.unit}}
