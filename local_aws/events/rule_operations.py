"""The operations on rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local_aws.events.errors import InvalidEventPatternException, LimitExceededException
from local_aws.events.event_bridge import EventBridge
from local_aws.events.lookups import bus_name, find_bus, find_rule, page, tags_in
from local_aws.events.matchers import InvalidPattern
from local_aws.events.patterns import Pattern
from local_aws.events.records import DEFAULT_BUS, DISABLED, ENABLED, Bus, Rule
from local_aws.events.schedules import InvalidSchedule, Schedule
from local_aws.sagemaker.errors import ValidationException

MOST = 300


def put(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """PutRule: makes a rule, or replaces all but the targets and tags of one that is there."""
    with bridge.lock:
        bus = find_bus(bridge, request.get("EventBusName"))
        _check(bus, request)
        there = {rule.name: rule for rule in bridge.store.rules(bus.name)}
        earlier = there.get(request["Name"])
        if earlier is None and len(there) >= MOST:
            raise LimitExceededException("The requested resource exceeds the maximum number allowed.")
        rule = _rule(bridge, bus, request, earlier)
        bridge.store.put_rule(rule)
        if earlier is None:
            bridge.store.tag(rule.arn, tags_in(request))
        bridge.rules.changed()
    return {"RuleArn": rule.arn}


def describe(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeRule."""
    rule = find_rule(bridge, find_bus(bridge, request.get("EventBusName")), request["Name"])
    return {**_summary(rule), "CreatedBy": bridge.account_id}


def all_of(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListRules."""
    bus, prefix = find_bus(bridge, request.get("EventBusName")), request.get("NamePrefix") or ""
    rules = [rule for rule in bridge.store.rules(bus.name) if rule.name.startswith(prefix)]
    shown, token = page(rules, request, lambda rule: rule.name)
    return {"Rules": [_summary(rule) for rule in shown], "NextToken": token}


def enable(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """EnableRule; a rate begins to count."""
    return _set_state(bridge, request, ENABLED)


def disable(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """DisableRule; what it has matched before is delivered."""
    return _set_state(bridge, request, DISABLED)


def delete(bridge: EventBridge, request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteRule: no error where there is none."""
    with bridge.lock:
        try:
            rule = bridge.store.rule(bus_name(request.get("EventBusName")), request["Name"])
        except KeyError:
            return {}
        if bridge.store.targets(rule):
            raise ValidationException("Rule can't be deleted since it has targets.")
        bridge.store.delete_rule(rule)
        bridge.rules.changed()
    return {}


def parse_pattern(text: str) -> Pattern:
    """Raises InvalidEventPatternException."""
    try:
        return Pattern.parse(text)
    except InvalidPattern as error:
        raise InvalidEventPatternException(f"Event pattern is not valid. Reason: {error}") from error


def _check(bus: Bus, request: Mapping[str, Any]) -> None:
    pattern, schedule = request.get("EventPattern"), request.get("ScheduleExpression")
    if not pattern and not schedule:
        raise ValidationException("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if request.get("State", ENABLED) not in (ENABLED, DISABLED):
        raise ValidationException("This local AWS has no CloudTrail: a rule's State is ENABLED or DISABLED.")
    if pattern:
        parse_pattern(pattern)
    if schedule:
        if bus.name != DEFAULT_BUS:
            raise ValidationException("ScheduleExpression is supported only on the default event bus.")
        try:
            Schedule.parse(schedule)
        except InvalidSchedule as error:
            raise ValidationException("Parameter ScheduleExpression is not valid.") from error


def _rule(bridge: EventBridge, bus: Bus, request: Mapping[str, Any], earlier: Rule | None) -> Rule:
    name, schedule = request["Name"], request.get("ScheduleExpression")
    state = request.get("State", ENABLED)
    counting = earlier is not None and earlier.schedule == schedule and earlier.state == state
    return Rule(
        bus=bus.name,
        name=name,
        arn=bridge.arn(f"rule/{name}" if bus.name == DEFAULT_BUS else f"rule/{bus.name}/{name}"),
        state=state,
        since=earlier.since if earlier is not None and counting else bridge.now(),
        pattern=request.get("EventPattern"),
        schedule=schedule,
        description=request.get("Description"),
        role_arn=request.get("RoleArn"),
    )


def _set_state(bridge: EventBridge, request: Mapping[str, Any], state: str) -> dict[str, Any]:
    with bridge.lock:
        rule = find_rule(bridge, find_bus(bridge, request.get("EventBusName")), request["Name"])
        if rule.state != state:
            bridge.store.put_rule(replace(rule, state=state, since=bridge.now()))
            bridge.rules.changed()
    return {}


def _summary(rule: Rule) -> dict[str, Any]:
    return {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventPattern": rule.pattern,
        "ScheduleExpression": rule.schedule,
        "State": rule.state,
        "Description": rule.description,
        "RoleArn": rule.role_arn,
        "EventBusName": rule.bus,
    }
