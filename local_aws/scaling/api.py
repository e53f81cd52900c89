"""The API of Application Auto Scaling, with the checks that every request gets.

Of our own, since moto's answers with other errors than the service, keeps no activities, makes no alarms for
SageMaker, loses pages, and looks for endpoints where ours are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.model import OperationNotFoundError, StructureShape

from local_aws.sagemaker.errors import UnsupportedOperation, ValidationException
from local_aws.sagemaker.validation import validate_shape
from local_aws.sagemaker.wire import JsonApi
from local_aws.scaling import policies, tags, targets
from local_aws.scaling.scaler import Scaler
from local_aws.scaling.variants import DIMENSION, NAMESPACE
from local_aws.service_shapes import input_shape

SERVICE = "application-autoscaling"
TARGET_PREFIX = "AnyScaleFrontendService."

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


def scaling_api(scaler: Scaler) -> JsonApi:
    """The WSGI application for the signing name `application-autoscaling`."""
    return JsonApi("Application Auto Scaling", TARGET_PREFIX, _shape, partial(answer, scaler))


def answer(scaler: Scaler, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer one call, one after the other with the scaler's own work. Raises ServiceError."""
    if operation not in OPERATIONS:
        raise UnsupportedOperation(f"{operation} is not supported by this local AWS.")
    validate_shape(_shape(operation), request)
    _check_scope(request)
    with scaler.lock:
        scaler.forget_deleted()
        return OPERATIONS[operation](scaler, request)


def _shape(operation: str) -> StructureShape:
    try:
        return input_shape(SERVICE, operation)
    except OperationNotFoundError as error:
        raise UnsupportedOperation(f"{operation} is not an operation of Application Auto Scaling.") from error


def _check_scope(request: Mapping[str, Any]) -> None:
    if request.get("ServiceNamespace", NAMESPACE) != NAMESPACE:
        raise ValidationException(f"Of the service namespaces this local AWS supports {NAMESPACE} alone.")
    if request.get("ScalableDimension", DIMENSION) != DIMENSION:
        raise ValidationException(f"Of the scalable dimensions this local AWS supports {DIMENSION} alone.")
