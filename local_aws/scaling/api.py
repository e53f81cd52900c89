"""The API of Application Auto Scaling, with the checks that every request gets.

Of our own, since moto's answers with other errors than the service, keeps no activities, makes no alarms for
SageMaker, loses pages, and looks for endpoints where ours are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from local_aws.json_service import JsonService
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.wire import JsonApi
from local_aws.scaling import policies, tags, targets
from local_aws.scaling.scaler import Scaler
from local_aws.scaling.variants import DIMENSION, NAMESPACE

Operation = Callable[[Scaler, dict[str, Any]], dict[str, Any]]
OPERATIONS: dict[str, Operation] = {
    "RegisterScalableTarget": targets.register,
    "DeregisterScalableTarget": targets.deregister,
    "DescribeScalableTargets": targets.describe,
    "DescribeScalingActivities": targets.describe_activities,
    "PutScalingPolicy": policies.put,
    "DeleteScalingPolicy": policies.delete,
    "DescribeScalingPolicies": policies.describe,
    "TagResource": tags.add,
    "UntagResource": tags.remove,
    "ListTagsForResource": tags.all_of,
}
SERVICE = JsonService[Scaler](
    "Application Auto Scaling", "application-autoscaling", "AnyScaleFrontendService.", OPERATIONS
)


def scaling_api(scaler: Scaler) -> JsonApi:
    """The WSGI application for the signing name `application-autoscaling`."""
    return JsonApi(SERVICE.name, SERVICE.target_prefix, SERVICE.shape, partial(answer, scaler))


def answer(scaler: Scaler, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer one call, one after the other with the scaler's own work. Raises ServiceError."""
    SERVICE.check(operation, request)
    _check_scope(request)
    with scaler.lock:
        scaler.forget_deleted()
        return OPERATIONS[operation](scaler, request)


def _check_scope(request: Mapping[str, Any]) -> None:
    if request.get("ServiceNamespace", NAMESPACE) != NAMESPACE:
        raise ValidationException(f"Of the service namespaces this local AWS supports {NAMESPACE} alone.")
    if request.get("ScalableDimension", DIMENSION) != DIMENSION:
        raise ValidationException(f"Of the scalable dimensions this local AWS supports {DIMENSION} alone.")
