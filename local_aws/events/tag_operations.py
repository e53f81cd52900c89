"""The operations on tags of rules and event buses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.events.errors import ResourceNotFoundException
from local_aws.events.event_bridge import EventBridge
from local_aws.events.lookups import find_bus, find_rule, tags_in
from local_aws.events.records import DEFAULT_BUS
from local_aws.sagemaker.errors import ValidationException


def add(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """TagResource."""
    bridge.store.tag(_found(bridge, request), tags_in(request))
    return {}


def remove(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """UntagResource."""
    bridge.store.untag(_found(bridge, request), request["TagKeys"])
    return {}


def all_of(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListTagsForResource."""
    tags = bridge.store.tags(_found(bridge, request))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _found(bridge: EventBridge, request: Mapping[str, Any]) -> str:
    """The ARN of a bus or rule that is there. Raises ResourceNotFoundException, ValidationException."""
    arn = request["ResourceARN"]
    kind, *path = arn.removeprefix(bridge.arn("")).split("/")
    if not arn.startswith(bridge.arn("")) or kind not in ("event-bus", "rule") or not 1 <= len(path) <= 2:
        raise ValidationException(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    if kind == "event-bus":
        return find_bus(bridge, path[-1]).arn
    bus = find_bus(bridge, path[0] if len(path) == 2 else DEFAULT_BUS)
    found = find_rule(bridge, bus, path[-1]).arn
    if found != arn:
        raise ResourceNotFoundException(f"Rule {path[-1]} does not exist on EventBus {bus.name}.")
    return found
