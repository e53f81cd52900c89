"""The API of EventBridge.

Of our own, since moto's matches fewer patterns than the service, delivers to a few kinds of targets only and in the
thread of the caller, without input transformers, retries, permissions or dead letters, and never fires a schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.events import bus_operations, event_operations, rule_operations, tag_operations, target_operations
from local_aws.events.event_bridge import EventBridge
from local_aws.json_service import JsonService

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


EVENTS = JsonService[EventBridge]("EventBridge", "events", "AWSEvents.", OPERATIONS)
