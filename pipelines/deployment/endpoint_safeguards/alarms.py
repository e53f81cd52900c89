"""Alarms for errors of the server and for the model's latency: two that stand, and two that roll an update back.

Those of an update look at the new fleet alone. An alarm over both fleets would undo the very update that replaces a
version which is failing now.
"""

from __future__ import annotations

from typing import Any

from .aws import Aws
from .request import VARIANT, Deployment

PERIOD_SECONDS = 60
MICROSECONDS = 1000


def standing_alarms(deployment: Deployment) -> list[dict[str, Any]]:
    """The requests of PutMetricAlarm for whatever the endpoint serves."""
    return _alarms(deployment, deployment.endpoint_name, [])


def update_alarms(deployment: Deployment, config_name: str) -> list[dict[str, Any]]:
    """The requests of PutMetricAlarm for what is served from that endpoint configuration."""
    only = [{"Name": "EndpointConfigName", "Value": config_name}]
    return _alarms(deployment, f"{deployment.endpoint_name}-update", only)


def ensure_standing_alarms(aws: Aws, deployment: Deployment) -> None:
    """Makes the standing alarms; one that is as wanted is left alone."""
    wanted = standing_alarms(deployment)
    found = aws.cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"] for alarm in wanted])["MetricAlarms"]
    existing = {alarm["AlarmName"]: alarm for alarm in found}
    for alarm in wanted:
        if not _same(alarm, existing.get(alarm["AlarmName"], {})):
            aws.cloudwatch.put_metric_alarm(**alarm)


def renew_update_alarms(aws: Aws, deployment: Deployment, config_name: str) -> tuple[str, str]:
    """Makes the update's alarms, without a past; returns the names, errors first."""
    errors, latency = update_alarms(deployment, config_name)
    names = (errors["AlarmName"], latency["AlarmName"])
    # an alarm that is only changed keeps its state, and this one may have gone off in the update before
    found = aws.cloudwatch.describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    if found:
        aws.cloudwatch.delete_alarms(AlarmNames=[alarm["AlarmName"] for alarm in found])
    for alarm in (errors, latency):
        aws.cloudwatch.put_metric_alarm(**alarm)
    return names


def _alarms(deployment: Deployment, prefix: str, more_dimensions: list[dict[str, str]]) -> list[dict[str, Any]]:
    name = deployment.endpoint_name
    common = {
        "Namespace": "AWS/SageMaker",
        "Dimensions": [
            {"Name": "EndpointName", "Value": name},
            {"Name": "VariantName", "Value": VARIANT},
            *more_dimensions,
        ],
        "Period": PERIOD_SECONDS,
        "EvaluationPeriods": 1,
        # an endpoint that nobody asks is not broken
        "TreatMissingData": "notBreaching",
    }
    return [
        {
            **common,
            "AlarmName": f"{prefix}-5xx-errors",
            "AlarmDescription": f"Requests to {name} that were answered with 5xx, in a minute.",
            "MetricName": "Invocation5XXErrors",
            "Statistic": "Sum",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": float(deployment.error_alarm_count),
        },
        {
            **common,
            "AlarmName": f"{prefix}-model-latency",
            "AlarmDescription": f"The 99th percentile of the model's latency at {name} in a minute, in microseconds.",
            "MetricName": "ModelLatency",
            "ExtendedStatistic": "p99",
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": float(deployment.latency_alarm_ms * MICROSECONDS),
        },
    ]


def _same(wanted: dict[str, Any], existing: dict[str, Any]) -> bool:
    return all(_plain(existing.get(member)) == _plain(value) for member, value in wanted.items())


def _plain(value: Any) -> Any:
    """Dimensions come back in any order."""
    return sorted((item["Name"], item["Value"]) for item in value) if isinstance(value, list) else value
