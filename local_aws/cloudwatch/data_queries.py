"""Queries that refer to one another: metrics and expressions over them, as GetMetricData and alarms have them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.cloudwatch.distribution import check_statistic
from local_aws.cloudwatch.expressions import ExpressionError, Node, parse
from local_aws.cloudwatch.metric_math import Points, Scope, evaluate
from local_aws.cloudwatch.periods import aligned_start, check_period
from local_aws.cloudwatch.series import Series
from local_aws.metrics import Metrics

ID = re.compile(r"[a-z]\w{0,254}")


class QueryError(ValueError):
    """A query that cannot be answered: the message says which, and why."""


@dataclass(frozen=True)
class MetricStat:
    """One statistic of one metric. `period` in seconds; `unit` None for data of any unit."""

    series: Series
    period: int
    stat: str
    unit: str | None = None

    def points(self, metrics: Metrics, start: float, end: float) -> Points:
        """The periods that begin in [start, end) and have data, start rounded down to the minute."""
        return metrics.points(
            self.series, self.stat, self.period, aligned_start(start, self.period), int(end), self.unit
        )


@dataclass(frozen=True)
class Query:
    """A metric, or an expression over other queries. `period` is what an expression was given, if anything."""

    id: str
    source: MetricStat | Node
    label: str
    return_data: bool
    period: int | None = None

    @property
    def metric(self) -> MetricStat | None:
        """The metric, of a query that is no expression."""
        return self.source if isinstance(self.source, MetricStat) else None


class Queries:
    """Queries checked for sense: every name known, no circle, statistics and periods that exist."""

    def __init__(self, requests: Sequence[Mapping[str, Any]]) -> None:
        """`requests` have the shape of MetricDataQuery. Raises QueryError."""
        self.all: dict[str, Query] = {}
        for request in requests:
            query = read_query(request)
            if query.id in self.all:
                raise QueryError(f"The id {query.id} is used by two queries.")
            self.all[query.id] = query
        self._order = self._by_dependence()
        for query in self.all.values():
            if query.metric is None:
                self._check_period(query)

    def points(self, metrics: Metrics, start: float, end: float) -> dict[str, Points]:
        """The time series of every query by its id. Raises QueryError."""
        found: dict[str, Points] = {}
        names = tuple(name for name, query in self.all.items() if query.metric)
        for query in self._order:
            if isinstance(query.source, MetricStat):
                found[query.id] = query.source.points(metrics, start, end)
                continue
            period = self.period(query)
            scope = Scope(found, names, aligned_start(start, period), int(end), period)
            try:
                found[query.id] = evaluate(query.source, scope)
            except ExpressionError as error:
                raise QueryError(f"Error in expression '{query.id}': {error}.") from error
        return found

    def period(self, query: Query) -> int:
        """The period of what a query gives, in seconds. Raises QueryError for metrics of different periods."""
        if isinstance(query.source, MetricStat):
            return query.source.period
        below = {self.period(self.all[name]) for name in self._references(query)}
        if len(below) != 1:
            reason = "metrics of different periods" if below else "no metric"
            raise QueryError(f"Error in expression '{query.id}': it is made of {reason}, which is not supported here.")
        return below.pop()

    def _references(self, query: Query) -> set[str]:
        if isinstance(query.source, MetricStat):
            return set()
        all_metrics = {name for name, other in self.all.items() if other.metric} if _uses_all(query.source) else set()
        return set(query.source.names()) | all_metrics

    def _by_dependence(self) -> list[Query]:
        order: list[Query] = []
        waiting = dict(self.all)
        while waiting:
            ready = [query for query in waiting.values() if not self._references(query) & waiting.keys()]
            unknown = sorted(name for query in ready for name in self._references(query) - self.all.keys())
            if unknown:
                raise QueryError(f"An expression refers to {unknown[0]}, which is the id of no query.")
            if not ready:
                raise QueryError(f"The expressions {', '.join(waiting)} refer to one another in a circle.")
            order += ready
            for query in ready:
                del waiting[query.id]
        return order

    def _check_period(self, query: Query) -> None:
        if query.period not in (None, self.period(query)):
            raise QueryError(f"The expression '{query.id}' has another period than the metrics that it is made of.")


def _uses_all(node: Node) -> bool:
    return (node.kind == "call" and node.text == "METRICS") or any(_uses_all(part) for part in node.parts)


def read_query(request: Mapping[str, Any]) -> Query:
    """A MetricDataQuery of the API. Raises QueryError."""
    name = str(request.get("Id") or "")
    if not ID.fullmatch(name):
        raise QueryError(f"The id {name!r} is no name: begin it with a lower-case letter, and use letters, digits, _.")
    if request.get("AccountId"):
        raise QueryError(f"The query {name} names another account: this local AWS has one only.")
    if ("MetricStat" in request) == ("Expression" in request):
        raise QueryError(f"The query {name} must have either MetricStat or Expression.")
    try:
        source = _metric(request["MetricStat"]) if "MetricStat" in request else _tree(request["Expression"])
    except ValueError as error:
        raise QueryError(f"Error in query '{name}': {error}.") from error
    return_data = bool(request.get("ReturnData", True))
    return Query(name, source, _label(request), return_data, request.get("Period"))


def _tree(expression: str) -> Node:
    if expression.lstrip().upper().startswith("SELECT"):
        raise ExpressionError("Metrics Insights queries (SELECT) are not supported by this local AWS")
    return parse(expression)


def _metric(request: Mapping[str, Any]) -> MetricStat:
    metric = request["Metric"]
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions") or ()}
    period = int(request["Period"])
    check_statistic(request["Stat"])
    check_period(period)
    series = Series.of(metric.get("Namespace") or "", metric.get("MetricName") or "", dimensions)
    return MetricStat(series, period, request["Stat"], request.get("Unit"))


def _label(request: Mapping[str, Any]) -> str:
    metric = request.get("MetricStat", {}).get("Metric", {})
    return str(request.get("Label") or metric.get("MetricName") or request["Id"])
