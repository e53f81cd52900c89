"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from local_aws.cloudformation.resources.base import (
    Clients,
    Made,
    Properties,
    ResourceType,
    as_bool,
    change_tags,
    tags_of,
)

# as they are, in PutMetricAlarm
SETTINGS = (
    *("AlarmDescription", "ComparisonOperator", "EvaluateLowSampleCountPercentile", "ExtendedStatistic"),
    *("MetricName", "Namespace", "Statistic", "TreatMissingData", "Unit", "Dimensions"),
    *("AlarmActions", "InsufficientDataActions", "OKActions"),
)
NUMBERS = ("DatapointsToAlarm", "EvaluationPeriods", "Period")


class Alarm(ResourceType):
    """An alarm over one metric or over metric math."""

    type = "AWS::CloudWatch::Alarm"
    properties = frozenset({*SETTINGS, *NUMBERS, "AlarmName", "ActionsEnabled", "Metrics", "Tags", "Threshold"})
    required = frozenset({"ComparisonOperator", "EvaluationPeriods", "Threshold"})
    replacing = frozenset({"AlarmName"})
    named_by = "AlarmName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        cloudwatch, alarm = clients("cloudwatch"), wanted.get("AlarmName", name)
        if self.named_by in wanted and _found(cloudwatch, alarm):
            raise self.already_there(alarm)
        tags = _tags(tags_of(wanted))
        cloudwatch.put_metric_alarm(AlarmName=alarm, **_request(wanted), **({"Tags": tags} if tags else {}))
        return _made(cloudwatch, alarm)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        cloudwatch = clients("cloudwatch")
        cloudwatch.put_metric_alarm(AlarmName=physical_id, **_request(wanted))
        made = _made(cloudwatch, physical_id)
        change_tags(
            before,
            wanted,
            lambda tags: cloudwatch.tag_resource(ResourceARN=made.attributes["Arn"], Tags=_tags(tags)),
            lambda keys: cloudwatch.untag_resource(ResourceARN=made.attributes["Arn"], TagKeys=keys),
        )
        return made

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        cloudwatch = clients("cloudwatch")
        with suppress(cloudwatch.exceptions.ResourceNotFound, cloudwatch.exceptions.ResourceNotFoundException):
            cloudwatch.delete_alarms(AlarmNames=[physical_id])


def _request(wanted: Properties) -> dict[str, Any]:
    found: dict[str, Any] = {name: wanted[name] for name in SETTINGS if name in wanted}
    found |= {name: int(wanted[name]) for name in NUMBERS if name in wanted}
    found["Threshold"] = float(wanted["Threshold"])
    if "ActionsEnabled" in wanted:
        found["ActionsEnabled"] = as_bool(wanted["ActionsEnabled"])
    if "Metrics" in wanted:
        found["Metrics"] = [_query(query) for query in wanted["Metrics"]]
    return found


def _query(query: Properties) -> dict[str, Any]:
    found = dict(query)
    if "Period" in found:
        found["Period"] = int(found["Period"])
    if "ReturnData" in found:
        found["ReturnData"] = as_bool(found["ReturnData"])
    if "MetricStat" in found:
        found["MetricStat"] = {**found["MetricStat"], "Period": int(found["MetricStat"]["Period"])}
    return found


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _found(cloudwatch: Any, name: str) -> list[dict[str, Any]]:
    return list(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"])


def _made(cloudwatch: Any, name: str) -> Made:
    return Made(name, {"Arn": _found(cloudwatch, name)[0]["AlarmArn"]})
