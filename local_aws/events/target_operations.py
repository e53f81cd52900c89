"""The operations on the targets of rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.events.errors import LimitExceededException
from local_aws.events.event_bridge import EventBridge
from local_aws.events.lookups import find_bus, find_rule, page
from local_aws.events.records import Rule

MOST = 5


def put(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """PutTargets: adds targets, and replaces those with the same Id; all or none."""
    with bridge.lock:
        rule = _rule(bridge, request)
        for target in request["Targets"]:
            bridge.kinds.check(target)
        there = {target["Id"] for target in bridge.store.targets(rule)}
        if len(there | {target["Id"] for target in request["Targets"]}) > MOST:
            raise LimitExceededException("The requested resource exceeds the maximum number allowed.")
        bridge.store.put_targets(rule, request["Targets"])
        bridge.rules.changed()
    return {"FailedEntryCount": 0, "FailedEntries": []}


def remove(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """RemoveTargets: no error for an Id that is not there."""
    with bridge.lock:
        bridge.store.remove_targets(_rule(bridge, request), request["Ids"])
        bridge.rules.changed()
    return {"FailedEntryCount": 0, "FailedEntries": []}


def all_of(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListTargetsByRule."""
    shown, token = page(bridge.store.targets(_rule(bridge, request)), request, lambda target: str(target["Id"]))
    return {"Targets": shown, "NextToken": token}


def rule_names(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListRuleNamesByTarget."""
    bus = find_bus(bridge, request.get("EventBusName"))
    names = bridge.store.rule_names_of_target(bus.name, request["TargetArn"])
    shown, token = page(names, request, lambda name: name)
    return {"RuleNames": shown, "NextToken": token}


def _rule(bridge: EventBridge, request: Mapping[str, Any]) -> Rule:
    return find_rule(bridge, find_bus(bridge, request.get("EventBusName")), request["Rule"])
