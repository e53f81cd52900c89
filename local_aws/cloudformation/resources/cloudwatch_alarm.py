"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from typing import Any

from local_aws.cloudformation.resources.alarm_resource import COMMON_SETTINGS, AlarmResource, as_they_are
from local_aws.cloudformation.resources.base import Properties, as_bool

# as they are, in PutMetricAlarm
SETTINGS = (
    *COMMON_SETTINGS,
    *("ComparisonOperator", "EvaluateLowSampleCountPercentile", "ExtendedStatistic", "MetricName", "Namespace"),
    *("Statistic", "TreatMissingData", "Unit", "Dimensions"),
)
NUMBERS = ("DatapointsToAlarm", "EvaluationPeriods", "Period")


class Alarm(AlarmResource):
    """An alarm over one metric or over metric math."""

    type = "AWS::CloudWatch::Alarm"
    properties = frozenset({*SETTINGS, *NUMBERS, "AlarmName", "ActionsEnabled", "Metrics", "Tags", "Threshold"})
    required = frozenset({"ComparisonOperator", "EvaluationPeriods", "Threshold"})

    def put(self, cloudwatch: Any, request: dict[str, Any]) -> None:
        cloudwatch.put_metric_alarm(**request)

    def request(self, wanted: Properties) -> dict[str, Any]:
        found = as_they_are(wanted, SETTINGS)
        found |= {name: int(wanted[name]) for name in NUMBERS if name in wanted}
        found["Threshold"] = float(wanted["Threshold"])
        if "Metrics" in wanted:
            found["Metrics"] = [_query(query) for query in wanted["Metrics"]]
        return found

    def found(self, cloudwatch: Any, name: str) -> list[dict[str, Any]]:
        return list(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"])


def _query(query: Properties) -> dict[str, Any]:
    found = dict(query)
    if "Period" in found:
        found["Period"] = int(found["Period"])
    if "ReturnData" in found:
        found["ReturnData"] = as_bool(found["ReturnData"])
    if "MetricStat" in found:
        found["MetricStat"] = {**found["MetricStat"], "Period": int(found["MetricStat"]["Period"])}
    return found
