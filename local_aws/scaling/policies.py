"""Scaling policies: put, delete, describe. Target tracking alone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.store import Record, RecordNotFound
from local_aws.scaling.errors import ObjectNotFoundException
from local_aws.scaling.paging import page
from local_aws.scaling.policy_alarms import alarm_names, alarm_request
from local_aws.scaling.records import INTERNAL, POLICY, policy_key, scope
from local_aws.scaling.scaler import Scaler
from local_aws.scaling.targets import not_registered
from local_aws.scaling.variants import DIMENSION, NAMESPACE, VariantName

TARGET_TRACKING = "TargetTrackingScaling"
CONFIGURATION = "TargetTrackingScalingPolicyConfiguration"
METRICS = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")


def put(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer PutScalingPolicy, for which two alarms are made (one where scale-in is disabled).

    A policy that exists keeps its ARN, and its alarms their names and states. Raises ValidationException,
    ObjectNotFoundException if the target is not registered.
    """
    variant = VariantName.parse(request["ResourceId"])
    if scaler.records.target(variant) is None:
        raise not_registered(variant)
    configuration = _configuration(request)
    name = request["PolicyName"]
    before = _find(scaler, variant, name)
    arn = before.body["PolicyARN"] if before else _arn(scaler, variant, name)
    alarms = _put_alarms(scaler, variant, arn, configuration, before)
    body = {
        "PolicyARN": arn,
        "PolicyName": name,
        **scope(variant),
        "PolicyType": TARGET_TRACKING,
        CONFIGURATION: configuration,
        "Alarms": [{"AlarmName": alarm, "AlarmARN": _alarm_arn(scaler, alarm)} for alarm in alarms.values()],
        INTERNAL: {"Alarms": alarms},
    }
    if before:
        scaler.records.store.update(POLICY, before.name, **body)
    else:
        body["CreationTime"] = scaler.now()
        scaler.records.store.insert(POLICY, policy_key(variant, name), arn, body)
    return {"PolicyARN": arn, "Alarms": body["Alarms"]}


def delete(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer DeleteScalingPolicy, which removes the policy's alarms too. Raises ObjectNotFoundException."""
    variant = VariantName.parse(request["ResourceId"])
    found = _find(scaler, variant, request["PolicyName"])
    if found is None:
        raise ObjectNotFoundException(
            f"No scaling policy found for service namespace: {NAMESPACE}, resource ID: {variant}, scalable dimension: "
            f"{DIMENSION}, policy name: {request['PolicyName']}"
        )
    scaler.delete_policy(found)
    return {}


def describe(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer DescribeScalingPolicies."""
    names, resource = request.get("PolicyNames"), request.get("ResourceId")
    found = [
        one
        for one in scaler.records.store.all(POLICY)
        if (not names or one.body["PolicyName"] in names) and resource in (None, one.body["ResourceId"])
    ]
    return page("ScalingPolicies", found, request)


def _configuration(request: Mapping[str, Any]) -> dict[str, Any]:
    if request.get("PolicyType") != TARGET_TRACKING:
        raise ValidationException(
            f"Of the policy types this local AWS supports {TARGET_TRACKING} alone: give it as PolicyType, "
            "else the service takes StepScaling."
        )
    if CONFIGURATION not in request:
        raise ValidationException(f"A policy of the type {TARGET_TRACKING} must have {CONFIGURATION}.")
    configuration = dict(request[CONFIGURATION])
    if len([metric for metric in METRICS if metric in configuration]) != 1:
        raise ValidationException(f"{CONFIGURATION} must have either {METRICS[0]} or {METRICS[1]}.")
    if configuration["TargetValue"] <= 0:
        raise ValidationException("TargetValue must be greater than 0.")
    for wait in ("ScaleOutCooldown", "ScaleInCooldown"):
        if configuration.get(wait, 0) < 0:
            raise ValidationException(f"{wait} must not be negative.")
    return configuration


def _put_alarms(
    scaler: Scaler, variant: VariantName, arn: str, configuration: Mapping[str, Any], before: Record | None
) -> dict[str, str]:
    """Kind -> name. Those that a policy has already are given the new settings, the others are made or removed."""
    kept: dict[str, str] = before.body[INTERNAL]["Alarms"] if before else {}
    names = {**alarm_names(variant, scale_in=not configuration.get("DisableScaleIn")), **kept}
    if configuration.get("DisableScaleIn"):
        scaler.alarms.delete([names.pop(kind) for kind in ("Low",) if kind in names])
    try:
        for kind, name in names.items():
            scaler.alarms.put(alarm_request(kind, name, variant, arn, configuration))
    except ServiceException as error:
        raise ValidationException(f"The metric of the policy cannot be watched: {error.message}") from error
    return names


def _find(scaler: Scaler, variant: VariantName, name: str) -> Record | None:
    try:
        return scaler.records.store.get(POLICY, policy_key(variant, name))
    except RecordNotFound:
        return None


def _arn(scaler: Scaler, variant: VariantName, name: str) -> str:
    place = f"arn:aws:autoscaling:{scaler.region}:{scaler.account_id}"
    return f"{place}:scalingPolicy:{uuid.uuid4()}:resource/{NAMESPACE}/{variant}:policyName/{name}"


def _alarm_arn(scaler: Scaler, alarm: str) -> str:
    return f"arn:aws:cloudwatch:{scaler.region}:{scaler.account_id}:alarm:{alarm}"
