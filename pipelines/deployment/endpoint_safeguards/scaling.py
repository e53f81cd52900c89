"""Target-tracking scaling of the endpoint's variant, by invocations for each instance."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from .aws import Aws, error_code
from .request import VARIANT, Scaling

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
POLICY = "invocations-per-instance"
METRIC = "SageMakerVariantInvocationsPerInstance"


def resource_id(endpoint_name: str) -> str:
    return f"endpoint/{endpoint_name}/variant/{VARIANT}"


def ensure_scaling(aws: Aws, endpoint_name: str, scaling: Scaling) -> bool:
    """Registers the variant and its policy, or changes what is otherwise; True if something was put."""
    target = {"MinCapacity": scaling.minimum, "MaxCapacity": scaling.maximum}
    policy = policy_of(scaling)
    before = _target(aws, endpoint_name)
    register = before is None or any(before.get(member) != value for member, value in target.items())
    if register:
        aws.autoscaling.register_scalable_target(**_address(endpoint_name), **target)
    found = None if before is None else _policy(aws, endpoint_name)
    put = found is None or any(found.get(member) != value for member, value in policy.items())
    if put:
        aws.autoscaling.put_scaling_policy(
            **_address(endpoint_name),
            PolicyName=POLICY,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=policy,
        )
    return register or put


def remove_scaling(aws: Aws, endpoint_name: str) -> bool:
    """Takes the variant out of scaling, with its policies; True if it was in."""
    if _target(aws, endpoint_name) is None:
        return False
    try:
        aws.autoscaling.deregister_scalable_target(**_address(endpoint_name))
    except ClientError as error:
        if error_code(error) != "ObjectNotFoundException":
            raise
    return True


def policy_of(scaling: Scaling) -> dict[str, Any]:
    """The TargetTrackingScalingPolicyConfiguration."""
    return {
        "TargetValue": float(scaling.target),
        "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
        "ScaleInCooldown": scaling.in_cooldown,
        "ScaleOutCooldown": scaling.out_cooldown,
    }


def _target(aws: Aws, endpoint_name: str) -> dict[str, Any] | None:
    found = aws.autoscaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[resource_id(endpoint_name)], ScalableDimension=DIMENSION
    )
    return next(iter(found["ScalableTargets"]), None)


def _policy(aws: Aws, endpoint_name: str) -> dict[str, Any] | None:
    found = aws.autoscaling.describe_scaling_policies(PolicyNames=[POLICY], **_address(endpoint_name))
    policies = found["ScalingPolicies"]
    return policies[0]["TargetTrackingScalingPolicyConfiguration"] if policies else None


def _address(endpoint_name: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id(endpoint_name),
        "ScalableDimension": DIMENSION,
    }
