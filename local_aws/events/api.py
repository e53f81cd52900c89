"""The API of EventBridge.

Of our own, since moto's matches fewer patterns than the service, delivers to a few kinds of targets only and in the
thread of the caller, without input transformers, retries, permissions or dead letters, and never fires a schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.model import OperationNotFoundError, StructureShape

from local_aws.events import bus_operations, event_operations, rule_operations, tag_operations, target_operations
from local_aws.events.event_bridge import EventBridge
from local_aws.sagemaker.errors import UnsupportedOperation
from local_aws.sagemaker.validation import validate_shape
from local_aws.sagemaker.wire import JsonApi
from local_aws.service_shapes import input_shape

SERVICE = "events"
TARGET_PREFIX = "AWSEvents."

Operation = Callable[[EventBridge, Mapping[str, Any]], dict[str, Any]]
OPERATIONS: dict[str, Operation] = {
    "PutEvents": event_operations.put,
    "TestEventPattern": event_operations.test_pattern,
    "PutRule": rule_operations.put,
    "DescribeRule": rule_operations.describe,
    "ListRules": rule_operations.all_of,
    "EnableRule": rule_operations.enable,
    "DisableRule": rule_operations.disable,
    "DeleteRule": rule_operations.delete,
    "PutTargets": target_operations.put,
    "RemoveTargets": target_operations.remove,
    "ListTargetsByRule": target_operations.all_of,
    "ListRuleNamesByTarget": target_operations.rule_names,
    "CreateEventBus": bus_operations.create,
    "DescribeEventBus": bus_operations.describe,
    "ListEventBuses": bus_operations.all_of,
    "DeleteEventBus": bus_operations.delete,
    "TagResource": tag_operations.add,
    "UntagResource": tag_operations.remove,
    "ListTagsForResource": tag_operations.all_of,
}


def events_api(bridge: EventBridge) -> JsonApi:
    """The WSGI application for the signing name `events`."""
    return JsonApi("EventBridge", TARGET_PREFIX, _shape, partial(answer, bridge))


def answer(bridge: EventBridge, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer one call. Raises ServiceError."""
    if operation not in OPERATIONS:
        raise UnsupportedOperation(f"{operation} is not supported by this local AWS.")
    validate_shape(_shape(operation), request)
    return OPERATIONS[operation](bridge, request)


def _shape(operation: str) -> StructureShape:
    try:
        return input_shape(SERVICE, operation)
    except OperationNotFoundError as error:
        raise UnsupportedOperation(f"{operation} is not an operation of EventBridge.") from error
