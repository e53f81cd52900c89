"""The operations of CloudWatch's API on alarms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.cloudwatch.exceptions import InvalidFormat, InvalidParameterValue, ResourceNotFound, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend

from local_aws.alarms import Alarms
from local_aws.cloudwatch.alarm_actions import actions_of
from local_aws.cloudwatch.alarm_settings import queries_of, watched_by
from local_aws.cloudwatch.composite_alarms import is_composite, parents
from local_aws.cloudwatch.reading import dimensions_of
from local_aws.cloudwatch.series import Series

MOST_RECORDS = 100
RELATIVES = ("ChildrenOfAlarmName", "ParentsOfAlarmName")


class UnknownToken(InvalidParameterValue):
    """A NextToken that no response gave."""

    code = "InvalidNextToken"


def describe_alarms(backend: CloudWatchBackend, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DescribeAlarms, all filters together, by name; composite alarms only to who asks for that type."""
    for name in RELATIVES:
        if request.get(name):
            raise InvalidParameterValue(f"The parameter {name} is not supported by this local AWS.")
    types = request.get("AlarmTypes") or ["MetricAlarm"]
    names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix") or ""
    state, action = request.get("StateValue"), request.get("ActionPrefix")
    found = [
        alarm
        for name, alarm in sorted(backend.alarms.items())
        if ("CompositeAlarm" if is_composite(alarm) else "MetricAlarm") in types
        and (not names or name in names)
        and name.startswith(prefix)
        and state in (None, alarm.state_value)
        and (action is None or any(one.startswith(action) for one in actions_of(alarm)))
    ]
    page, token = _page(found, request)
    return {
        "MetricAlarms": [alarm for alarm in page if not is_composite(alarm)],
        "CompositeAlarms": [_composite(alarm) for alarm in page if is_composite(alarm)],
        "NextToken": token,
    }


def describe_alarms_for_metric(backend: CloudWatchBackend, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DescribeAlarmsForMetric: alarms over that one metric, not those of metric math, as on the service."""
    series = Series.of(request["Namespace"], request["MetricName"], dimensions_of(request))
    stat = request.get("Statistic") or request.get("ExtendedStatistic")
    found = [
        alarm
        for alarm in list(backend.alarms.values())
        if not alarm.metric_data_queries
        and not is_composite(alarm)
        and _is_of(alarm, series, stat, request.get("Period"), request.get("Unit"))
    ]
    return {"MetricAlarms": found}


def describe_alarm_history(backend: CloudWatchBackend, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DescribeAlarmHistory, newest first unless asked otherwise. Deleted alarms have none here."""
    name, kind = request.get("AlarmName"), request.get("HistoryItemType")
    start, end = request.get("StartDate"), request.get("EndDate")
    found = [
        item
        for alarm in list(backend.alarms.values())
        if name in (None, alarm.name)
        for item in alarm.history
        if kind in (None, item["HistoryItemType"])
        and (start is None or item["Timestamp"] >= start)
        and (end is None or item["Timestamp"] <= end)
    ]
    found.sort(key=lambda item: item["Timestamp"])
    if request.get("ScanBy") != "TimestampAscending":
        found.reverse()
    page, token = _page(found, request)
    return {"AlarmHistoryItems": page, "NextToken": token}


def delete_alarms(alarms: Alarms, backend: CloudWatchBackend, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DeleteAlarms. Raises ResourceNotFound, ValidationError, deleting none, if one cannot be."""
    names = request["AlarmNames"]
    missing = [name for name in names if name not in backend.alarms]
    if missing:
        raise ResourceNotFound(f"There is no alarm with the name {missing[0]}.")
    if sum(is_composite(backend.alarms[name]) for name in set(names)) > 1:
        raise ValidationError("Only one composite alarm can be deleted at a time.")
    for name in names:
        above = [one for one in parents(name, backend.alarms) if one not in names]
        if above:
            raise ValidationError(f"Cannot delete {name} as there are composite alarms depending on it: {above}")
    alarms.delete(names)
    return {}


def set_alarm_state(alarms: Alarms, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer SetAlarmState. Raises ResourceNotFound, InvalidFormat."""
    reason_data = request.get("StateReasonData")
    if reason_data is not None:
        _parsed(reason_data)
    try:
        alarms.set_state(request["AlarmName"], request["StateValue"], request["StateReason"], reason_data)
    except KeyError as error:
        raise ResourceNotFound(f"There is no alarm with the name {request['AlarmName']}.") from error
    return {}


def _composite(alarm: Alarm) -> dict[str, Any]:
    """moto knows only how a metric alarm is described."""
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.alarm_arn,
        "AlarmDescription": alarm.description,
        "AlarmRule": alarm.rule,
        "ActionsEnabled": alarm.actions_enabled,
        "AlarmActions": alarm.alarm_actions,
        "OKActions": alarm.ok_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "AlarmConfigurationUpdatedTimestamp": alarm.configuration_updated_timestamp,
        "StateValue": alarm.state_value,
        "StateReason": alarm.state_reason,
        "StateReasonData": alarm.state_reason_data,
        "StateUpdatedTimestamp": alarm.state_updated_timestamp,
        "StateTransitionedTimestamp": getattr(alarm, "state_transitioned_timestamp", None),
    }


def _parsed(text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise InvalidFormat(f"StateReasonData is not JSON: {error}") from error


def _is_of(alarm: Alarm, series: Series, stat: str | None, period: int | None, unit: str | None) -> bool:
    of = watched_by(queries_of(alarm)).result.metric
    return (
        of is not None
        and of.series == series
        and stat in (None, of.stat)
        and period in (None, of.period)
        and unit in (None, of.unit)
    )


def _page(found: list[Any], request: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    token = request.get("NextToken") or "0"
    if not (token.isascii() and token.isdigit()):
        raise UnknownToken("Request parameter NextToken is invalid")
    first = int(token)
    last = first + min(request.get("MaxRecords") or MOST_RECORDS, MOST_RECORDS)
    return found[first:last], str(last) if last < len(found) else None
