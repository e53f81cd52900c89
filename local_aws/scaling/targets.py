"""Scalable targets and what was done with them: register, deregister, describe."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.scaling.errors import ObjectNotFoundException
from local_aws.scaling.paging import page
from local_aws.scaling.records import ACTIVITY, INTERNAL, TARGET, scope
from local_aws.scaling.scaler import Scaler
from local_aws.scaling.variants import DIMENSION, NAMESPACE, VariantName

SUSPENDABLE = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


def register(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer RegisterScalableTarget: a new target, or other bounds for one. The scaler then keeps the bounds.

    Raises ValidationException.
    """
    variant = VariantName.parse(request["ResourceId"])
    found = scaler.variants.find(variant)
    if found is None:
        raise ValidationException(f"SageMaker endpoint or variant does not exist: {variant}")
    if found.count is None:
        raise ValidationException(f"The variant {variant} is serverless: it has no instances to scale.")
    before = scaler.records.target(variant)
    body = _body(scaler, variant, request, before.body if before else {})
    if before:
        scaler.records.store.update(TARGET, str(variant), **body)
    else:
        body |= {"CreationTime": scaler.now(), INTERNAL: {"EndpointCreated": found.endpoint_created}}
        scaler.records.store.insert(TARGET, str(variant), body["ScalableTargetARN"], body)
        scaler.records.store.put_tags(body["ScalableTargetARN"], request.get("Tags") or {})
    scaler.wake()
    return {"ScalableTargetARN": body["ScalableTargetARN"]}


def deregister(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer DeregisterScalableTarget, which removes policies and their alarms too. Raises ObjectNotFoundException."""
    variant = VariantName.parse(request["ResourceId"])
    if scaler.records.target(variant) is None:
        raise not_registered(variant)
    scaler.deregister(variant)
    return {}


def describe(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer DescribeScalableTargets."""
    wanted = request.get("ResourceIds")
    found = [one for one in scaler.records.store.all(TARGET) if not wanted or one.name in wanted]
    return page("ScalableTargets", found, request)


def describe_activities(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer DescribeScalingActivities, newest first."""
    wanted = request.get("ResourceId")
    found = [one for one in scaler.records.store.all(ACTIVITY) if wanted in (None, one.body["ResourceId"])]
    return page("ScalingActivities", found[::-1], request)


def not_registered(variant: VariantName) -> ObjectNotFoundException:
    """The error for a variant that is no scalable target."""
    return ObjectNotFoundException(
        f"No scalable target found for service namespace: {NAMESPACE}, resource ID: {variant}, scalable dimension: "
        f"{DIMENSION}"
    )


def _body(
    scaler: Scaler, variant: VariantName, request: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    bounds = {name: request.get(name, before.get(name)) for name in ("MinCapacity", "MaxCapacity")}
    for name, value in bounds.items():
        if value is None:
            raise ValidationException(f"{name} must be given for a new scalable target.")
    if bounds["MinCapacity"] < 1:
        raise ValidationException("MinCapacity must be 1 or more: instances of a real-time endpoint do not go to 0.")
    if bounds["MaxCapacity"] < bounds["MinCapacity"]:
        raise ValidationException("Maximum capacity cannot be less than minimum capacity.")
    suspended = {**dict.fromkeys(SUSPENDABLE, False), **before.get("SuspendedState", {})}
    return {
        **scope(variant),
        **bounds,
        "RoleARN": request.get("RoleARN") or before.get("RoleARN") or _service_role(scaler.account_id),
        "SuspendedState": {**suspended, **request.get("SuspendedState", {})},
        "ScalableTargetARN": before.get("ScalableTargetARN") or scaler.arn(f"scalable-target/{uuid.uuid4().hex}"),
    }


def _service_role(account: str) -> str:
    return (
        f"arn:aws:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    )
