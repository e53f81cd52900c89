"""The two alarms of a target tracking policy: above the target for 3 minutes, and well below it for 15.

As the service makes them: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-policy.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.scaling.variants import VariantName

INVOCATIONS_PER_INSTANCE = "SageMakerVariantInvocationsPerInstance"
PERIOD = 60
HIGH_PERIODS = 3
LOW_PERIODS = 15
# scale-in waits until the metric is this far below the target, so that the count does not swing
LOW_SHARE = 0.9


def alarm_names(variant: VariantName, scale_in: bool) -> dict[str, str]:
    """New names by kind, High and, where scale-in is enabled, Low."""
    kinds = ("High", "Low") if scale_in else ("High",)
    return {kind: f"TargetTracking-{variant}-Alarm{kind}-{uuid.uuid4()}" for kind in kinds}


def alarm_request(
    kind: str, name: str, variant: VariantName, policy_arn: str, configuration: Mapping[str, Any]
) -> dict[str, Any]:
    """The request to PutMetricAlarm for the alarm of a kind. Raises ValidationException for a metric not supported."""
    target = configuration["TargetValue"]
    high = kind == "High"
    return {
        "AlarmName": name,
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}.",
        "AlarmActions": [policy_arn],
        "ComparisonOperator": "GreaterThanThreshold" if high else "LessThanThreshold",
        "Threshold": target if high else LOW_SHARE * target,
        "EvaluationPeriods": HIGH_PERIODS if high else LOW_PERIODS,
        **_metric(variant, configuration),
    }


def _metric(variant: VariantName, configuration: Mapping[str, Any]) -> dict[str, Any]:
    given = configuration.get("CustomizedMetricSpecification")
    if given is None:
        _check_predefined(configuration["PredefinedMetricSpecification"]["PredefinedMetricType"])
        names = {"EndpointName": variant.endpoint, "VariantName": variant.variant}
        return {
            "Namespace": "AWS/SageMaker",
            "MetricName": "InvocationsPerInstance",
            "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
            "Statistic": "Sum",
            "Period": PERIOD,
        }
    if given.get("Metrics"):
        return {"Metrics": [_query(query) for query in given["Metrics"]]}
    return {**given, "Period": PERIOD}


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    if "MetricStat" not in query:
        return dict(query)
    return {**query, "MetricStat": {**query["MetricStat"], "Period": PERIOD}}


def _check_predefined(metric: str) -> None:
    if metric != INVOCATIONS_PER_INSTANCE:
        raise ValidationException(
            f"The predefined metric type {metric} is not supported by this local AWS: "
            f"use {INVOCATIONS_PER_INSTANCE} or a customized metric."
        )
