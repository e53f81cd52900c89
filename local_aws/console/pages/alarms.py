"""CloudWatch's alarms with their state: over a metric, over metric math, and over other alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from moto.cloudwatch.models import Alarm, MetricDataQuery

from local_aws.cloudwatch.alarm_settings import queries_of, watched_by
from local_aws.cloudwatch.composite_alarms import children, is_composite
from local_aws.console.paging import page_of
from local_aws.console.view import View, Visit

CHANGES_SHOWN = 10
ORDER = ("ALARM", "INSUFFICIENT_DATA", "OK")
SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}


@dataclass(frozen=True)
class AlarmRow:
    """One alarm. `changes` are its latest changes of state, the newest first, as moments and summaries.

    `terms` are what metric math is made of, `children` the alarms that a composite one is over, with their states.
    """

    name: str
    state: str
    reason: str
    since: datetime | None
    condition: str
    description: str
    actions: Sequence[str]
    changes: Sequence[tuple[datetime, str]]
    terms: Sequence[str]
    children: Sequence[tuple[str, str]]


def alarms(visit: Visit) -> View:
    """All alarms: those that are in alarm first."""
    alarms_now = list(visit.sources.alarms.alarms.values())
    found = sorted(alarms_now, key=lambda one: (ORDER.index(one.state_value), one.name))
    shown = page_of(found, visit.request.args)
    values = {"shown": shown, "rows": [_row(alarm, visit.sources.alarms.alarms) for alarm in shown.items]}
    news = f"{sum(alarm.state_value == 'ALARM' for alarm in found)} in alarm"
    return View("alarms.html", "Alarms", values, live=bool(found), news=news)


def _row(alarm: Alarm, alarms: Mapping[str, Alarm]) -> AlarmRow:
    changes = [item for item in alarm.history if item["HistoryItemType"] == "StateUpdate"]
    return AlarmRow(
        name=alarm.name,
        state=alarm.state_value,
        reason=alarm.state_reason or "",
        since=getattr(alarm, "state_transitioned_timestamp", None) or alarm.state_updated_timestamp,
        condition=_condition(alarm),
        description=alarm.description or "",
        actions=[*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions],
        changes=[(item["Timestamp"], item["HistorySummary"]) for item in changes[: -CHANGES_SHOWN - 1 : -1]],
        terms=[_term(query) for query in alarm.metric_data_queries],
        children=[(name, alarms[name].state_value if name in alarms else "missing") for name in children(alarm)],
    )


def _condition(alarm: Alarm) -> str:
    if is_composite(alarm):
        return str(alarm.rule)
    if alarm.metric_data_queries:
        result = next(
            (query for query in alarm.metric_data_queries if query.return_data), alarm.metric_data_queries[-1]
        )
        what = result.label or result.expression or result.id
    else:
        what = f"{alarm.statistic or alarm.extended_statistic} of {alarm.metric_name}"
    sign = SIGNS.get(alarm.comparison_operator, alarm.comparison_operator)
    points = alarm.datapoints_to_alarm or alarm.evaluation_periods
    period = watched_by(queries_of(alarm)).period
    return f"{what} {sign} {alarm.threshold:g} in {points} of {alarm.evaluation_periods} periods of {period} s"


def _term(query: MetricDataQuery) -> str:
    stat = query.metric_stat
    if stat is None:
        return f"{query.id} = {query.expression}"
    values = ", ".join(str(one.value) for one in stat.metric.dimensions)
    return f"{query.id} = {stat.stat} of {stat.metric.metric_name}" + (f" ({values})" if values else "")
