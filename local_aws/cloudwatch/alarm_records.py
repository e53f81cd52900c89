"""moto's alarm objects, which the snapshot keeps: how they are made, and how their state changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, Dimension, Metric, MetricDataQuery, MetricStat

from local_aws.cloudwatch.evaluation import INSUFFICIENT_DATA

HISTORY_LENGTH = 500
UNCHECKED = "Unchecked: Initial alarm creation"


@dataclass(frozen=True)
class AlarmState:
    """What an alarm says: OK, ALARM or INSUFFICIENT_DATA, why, and since when. `reason_data` is JSON."""

    value: str
    reason: str
    reason_data: str | None
    since: datetime

    @classmethod
    def of(cls, alarm: Alarm) -> AlarmState:
        """The state that the alarm has now."""
        return cls(
            alarm.state_value, alarm.state_reason, alarm.state_reason_data or None, alarm.state_updated_timestamp
        )


def put_alarm(backend: CloudWatchBackend, request: Mapping[str, Any], now: datetime) -> Alarm:
    """Make the alarm that a checked request to PutMetricAlarm or PutCompositeAlarm describes, or change one to it.

    As on the service, the state of one that exists stays what it is until the next evaluation.
    """
    name = request["AlarmName"]
    before = backend.alarms.get(name)
    actions_enabled = request.get("ActionsEnabled")
    backend.put_metric_alarm(
        name=name,
        namespace=request.get("Namespace"),  # type: ignore[arg-type]
        metric_name=request.get("MetricName"),  # type: ignore[arg-type]
        metric_data_queries=[_query(query) for query in request.get("Metrics") or ()],
        comparison_operator=request.get("ComparisonOperator"),  # type: ignore[arg-type]
        evaluation_periods=request.get("EvaluationPeriods"),  # type: ignore[arg-type]
        datapoints_to_alarm=request.get("DatapointsToAlarm"),
        period=request.get("Period"),  # type: ignore[arg-type]
        threshold=request.get("Threshold"),  # type: ignore[arg-type]
        statistic=request.get("Statistic"),  # type: ignore[arg-type]
        extended_statistic=request.get("ExtendedStatistic"),
        description=request.get("AlarmDescription"),  # type: ignore[arg-type]
        dimensions=list(request.get("Dimensions") or ()),
        alarm_actions=list(request.get("AlarmActions") or ()),
        ok_actions=list(request.get("OKActions") or ()),
        insufficient_data_actions=list(request.get("InsufficientDataActions") or ()),
        unit=request.get("Unit"),
        actions_enabled=True if actions_enabled is None else actions_enabled,
        treat_missing_data=request.get("TreatMissingData"),
        evaluate_low_sample_count_percentile=request.get("EvaluateLowSampleCountPercentile"),
        rule=request.get("AlarmRule"),
        tags=None if before else list(request.get("Tags") or ()),
    )
    alarm = backend.alarms[name]
    alarm.configuration_updated_timestamp = now
    if before is None:
        _begin_undecided(alarm, now)
    else:
        _keep_state(alarm, before)
    remember(alarm, now, "ConfigurationUpdate", f'Alarm "{name}" {"updated" if before else "created"}', {})
    return alarm


def change_state(alarm: Alarm, state: str, reason: str, reason_data: str | None, now: datetime) -> None:
    """Give the alarm a state, and write that into its history where it is another one than before."""
    old = {"stateValue": alarm.state_value, "stateReason": alarm.state_reason}
    changed = state != alarm.state_value
    alarm.state_value = state
    alarm.state_reason = reason
    alarm.state_reason_data = reason_data  # type: ignore[assignment]
    alarm.state_updated_timestamp = now
    if changed:
        alarm.state_transitioned_timestamp = now  # type: ignore[attr-defined]
        new: dict[str, Any] = {"stateValue": state, "stateReason": reason}
        if reason_data:
            new["stateReasonData"] = json.loads(reason_data)
        summary = f"Alarm updated from {old['stateValue']} to {state}"
        remember(alarm, now, "StateUpdate", summary, {"oldState": old, "newState": new})


def remember(alarm: Alarm, now: datetime, kind: str, summary: str, data: Mapping[str, Any]) -> None:
    """Write something into the alarm's history: a ConfigurationUpdate, a StateUpdate or an Action."""
    item = {
        "AlarmName": alarm.name,
        "AlarmType": "MetricAlarm" if alarm.rule is None else "CompositeAlarm",
        "Timestamp": now,
        "HistoryItemType": kind,
        "HistorySummary": summary,
        "HistoryData": json.dumps({"version": "1.0", **data}),
    }
    alarm.history = [*alarm.history, item][-HISTORY_LENGTH:]


def _begin_undecided(alarm: Alarm, now: datetime) -> None:
    """The state of an alarm that was never evaluated; moto would call it OK."""
    alarm.state_value = INSUFFICIENT_DATA
    alarm.state_reason = UNCHECKED
    alarm.state_reason_data = None  # type: ignore[assignment]
    # moto describes every attribute that has the name of a member, also those it does not know itself
    alarm.state_updated_timestamp = alarm.state_transitioned_timestamp = now  # type: ignore[attr-defined]


def _keep_state(alarm: Alarm, before: Alarm) -> None:
    for name in (
        "state_value",
        "state_reason",
        "state_reason_data",
        "state_updated_timestamp",
        "state_transitioned_timestamp",
        "history",
    ):
        if hasattr(before, name):
            setattr(alarm, name, getattr(before, name))


def _query(request: Mapping[str, Any]) -> MetricDataQuery:
    stat = None
    if request.get("MetricStat"):
        of = request["MetricStat"]["Metric"]
        dimensions = [Dimension(one["Name"], one["Value"]) for one in of.get("Dimensions") or ()]
        stat = MetricStat(
            metric=Metric(of.get("MetricName"), of.get("Namespace"), dimensions),
            period=request["MetricStat"]["Period"],
            stat=request["MetricStat"]["Stat"],
            unit=request["MetricStat"].get("Unit"),
        )
    return MetricDataQuery(
        query_id=request["Id"],
        label=request.get("Label"),  # type: ignore[arg-type]
        period=request.get("Period"),  # type: ignore[arg-type]
        return_data=request.get("ReturnData", True),
        expression=request.get("Expression"),
        metric_stat=stat,
    )
