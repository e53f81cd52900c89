"""An alarm's change of state, as it is written to EventBridge, to functions and to topics.

Forms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html and, for topics, what
the service sends.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from typing import Any

from botocore.loaders import Loader
from moto.cloudwatch.models import Alarm

from local_aws.cloudwatch.alarm_records import AlarmState
from local_aws.cloudwatch.alarm_settings import queries_of
from local_aws.cloudwatch.composite_alarms import is_composite

STATISTICS = {"SampleCount": "SAMPLE_COUNT"}


@dataclass(frozen=True)
class Place:
    """Where alarms are."""

    account_id: str
    region: str


def arn_of(alarm: Alarm) -> str:
    """The alarm's ARN."""
    return str(alarm.alarm_arn)


def event_detail(alarm: Alarm, old: AlarmState, new: AlarmState) -> dict[str, Any]:
    """The detail of the event "CloudWatch Alarm State Change"."""
    return {
        "alarmName": alarm.name,
        "state": _state(new),
        "previousState": _state(old),
        "configuration": _configuration(alarm),
    }


def function_event(alarm: Alarm, old: AlarmState, new: AlarmState, place: Place) -> dict[str, Any]:
    """What a function is invoked with."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": arn_of(alarm),
        "accountId": place.account_id,
        "time": _time(new.since),
        "region": place.region,
        "alarmData": event_detail(alarm, old, new),
    }


def topic_subject(alarm: Alarm, new: AlarmState, place: Place) -> str:
    """The subject of the message to topics, which has 100 characters at most."""
    subject = f'{new.value}: "{alarm.name}" in {_region_name(place.region)}'
    return subject if len(subject) < 100 else subject[:96] + "..."


def topic_message(alarm: Alarm, old: AlarmState, new: AlarmState, place: Place) -> dict[str, Any]:
    """The message to topics."""
    return {
        **_about(alarm, old, new, place),
        **({"AlarmRule": alarm.rule, **_children(new)} if is_composite(alarm) else {"Trigger": _trigger(alarm)}),
    }


def _about(alarm: Alarm, old: AlarmState, new: AlarmState, place: Place) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": place.account_id,
        "AlarmConfigurationUpdatedTimestamp": _time(alarm.configuration_updated_timestamp),
        "NewStateValue": new.value,
        "NewStateReason": new.reason,
        "StateChangeTime": _time(new.since),
        "Region": _region_name(place.region),
        "AlarmArn": arn_of(alarm),
        "OldStateValue": old.value,
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_data_actions),
    }


def _children(new: AlarmState) -> dict[str, Any]:
    """Which alarms put a composite one into its state."""
    told = json.loads(new.reason_data or "{}").get("triggeringAlarms", [])
    children = [
        {"Arn": one["arn"], "State": {"Value": one["state"]["value"], "Timestamp": one["state"]["timestamp"]}}
        for one in told
    ]
    return {"TriggeringChildren": children} if children else {}


def _state(state: AlarmState) -> dict[str, Any]:
    data = {"reasonData": state.reason_data} if state.reason_data else {}
    return {"value": state.value, "reason": state.reason, **data, "timestamp": _time(state.since)}


def _configuration(alarm: Alarm) -> dict[str, Any]:
    description = {"description": alarm.description} if alarm.description else {}
    if is_composite(alarm):
        return {**description, "alarmRule": alarm.rule}
    metrics = [_metric(query) for query in queries_of(alarm)]
    if not alarm.metric_data_queries:
        # the service gives the one metric an id of its own
        metrics = [{**metric, "id": str(uuid.uuid5(uuid.NAMESPACE_URL, arn_of(alarm)))} for metric in metrics]
    return {**description, "metrics": metrics}


def _metric(query: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": query["Id"]}
    if query.get("Expression"):
        found["expression"] = query["Expression"]
    if query.get("Label"):
        found["label"] = query["Label"]
    if of := query.get("MetricStat"):
        metric = of["Metric"]
        dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions") or ()}
        named = {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions}
        unit = {"unit": of["Unit"]} if of.get("Unit") else {}
        found["metricStat"] = {"metric": named, "period": of["Period"], "stat": of["Stat"], **unit}
    return {**found, "returnData": query.get("ReturnData", True)}


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        **({"DatapointsToAlarm": alarm.datapoints_to_alarm} if alarm.datapoints_to_alarm else {}),
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metric_data_queries:
        queries = queries_of(alarm)
        periods = [query["MetricStat"]["Period"] for query in queries if "MetricStat" in query]
        return {**common, "Period": max(periods, default=None), "Metrics": [_trigger_metric(one) for one in queries]}
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        **_statistic(alarm),
        "Unit": alarm.unit,
        "Dimensions": [{"value": one.value, "name": one.name} for one in alarm.dimensions],
        **common,
    }


def _statistic(alarm: Alarm) -> dict[str, Any]:
    if alarm.statistic:
        statistic = STATISTICS.get(alarm.statistic, alarm.statistic.upper())
        return {"StatisticType": "Statistic", "Statistic": statistic}
    return {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": alarm.extended_statistic}


def _trigger_metric(query: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: query[name] for name in ("Expression", "Id", "Label") if query.get(name)}
    if of := query.get("MetricStat"):
        metric = of["Metric"]
        dimensions = [{"value": one["Value"], "name": one["Name"]} for one in metric.get("Dimensions") or ()]
        found["MetricStat"] = {
            "Metric": {
                "Dimensions": dimensions,
                "MetricName": metric["MetricName"],
                "Namespace": metric["Namespace"],
            },
            "Period": of["Period"],
            "Stat": of["Stat"],
            **({"Unit": of["Unit"]} if of.get("Unit") else {}),
        }
    return {**found, "ReturnData": query.get("ReturnData", True)}


def _time(moment: datetime) -> str:
    moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


@cache
def _region_name(region: str) -> str:
    """The region's name for people, such as US East (N. Virginia)."""
    partitions = Loader().load_data("endpoints")["partitions"]
    names = {name: one["description"] for partition in partitions for name, one in partition["regions"].items()}
    return str(names.get(region, region))
