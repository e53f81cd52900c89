"""AWS::Events::Rule."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.resources.base import (
    Clients,
    Made,
    Properties,
    ResourceType,
    change_tags,
    tags_of,
    taken_back_by,
)

TARGET = (
    *("Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "SqsParameters"),
    *("SageMakerPipelineParameters", "DeadLetterConfig", "RetryPolicy"),
)
# as they are, in PutRule
SETTINGS = ("Description", "EventBusName", "RoleArn", "ScheduleExpression", "State")
DEFAULT_BUS = "default"


class Rule(ResourceType):
    """A rule with its targets: a pattern of events, a schedule, or both."""

    type = "AWS::Events::Rule"
    properties = frozenset({*SETTINGS, "Name", "EventPattern", "Tags", *(f"Targets.{name}" for name in TARGET)})
    replacing = frozenset({"Name", "EventBusName"})
    inert = frozenset({"RoleArn"})
    named_by = "Name"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        events, rule = clients("events"), wanted.get("Name", name)
        if self.named_by in wanted and _is_there(events, rule, wanted):
            raise self.already_there(rule)
        tags = [{"Key": key, "Value": value} for key, value in tags_of(wanted).items()]
        arn = events.put_rule(Name=rule, **_settings(wanted), **({"Tags": tags} if tags else {}))["RuleArn"]
        made = _made(rule, arn, wanted)
        with taken_back_by(lambda: self.delete(clients, made.physical_id, wanted)):
            _put_targets(events, rule, {}, wanted)
        return made

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        events, rule = clients("events"), _name(physical_id)
        arn = events.put_rule(Name=rule, **_settings(wanted))["RuleArn"]
        _put_targets(events, rule, before, wanted)
        change_tags(
            before,
            wanted,
            lambda tags: events.tag_resource(
                ResourceARN=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
            ),
            lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
        )
        return _made(rule, arn, wanted)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        events, place = clients("events"), {"Rule": _name(physical_id), **_bus(properties)}
        with suppress(events.exceptions.ResourceNotFoundException):
            # other targets than the stack's own would keep the rule, too
            targets = [target["Id"] for target in events.list_targets_by_rule(**place)["Targets"]]
            if targets:
                _check(events.remove_targets(Ids=targets, **place))
            events.delete_rule(Name=_name(physical_id), **_bus(properties))


def _settings(wanted: Properties) -> dict[str, Any]:
    found = {name: wanted[name] for name in SETTINGS if name in wanted}
    if "EventPattern" in wanted:
        pattern = wanted["EventPattern"]
        found["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
    return found


def _put_targets(events: Any, rule: str, before: Properties, wanted: Properties) -> None:
    targets = [_target(target) for target in wanted.get("Targets", [])]
    kept = {target["Id"] for target in targets}
    gone = [target["Id"] for target in before.get("Targets", []) if target["Id"] not in kept]
    if gone:
        _check(events.remove_targets(Rule=rule, Ids=gone, **_bus(wanted)))
    if targets:
        _check(events.put_targets(Rule=rule, Targets=targets, **_bus(wanted)))


def _target(target: Properties) -> dict[str, Any]:
    found = dict(target)
    if "RetryPolicy" in found:
        found["RetryPolicy"] = {name: int(value) for name, value in found["RetryPolicy"].items()}
    return found


def _check(answer: dict[str, Any]) -> None:
    if answer.get("FailedEntryCount"):
        failed = answer["FailedEntries"][0]
        raise ResourceFailed(f"Target {failed.get('TargetId')}: {failed.get('ErrorMessage')}")


def _bus(properties: Properties) -> dict[str, str]:
    return {"EventBusName": properties["EventBusName"]} if "EventBusName" in properties else {}


def _is_there(events: Any, rule: str, wanted: Properties) -> bool:
    try:
        events.describe_rule(Name=rule, **_bus(wanted))
    except events.exceptions.ResourceNotFoundException:
        return False
    return True


def _name(physical_id: str) -> str:
    return physical_id.rpartition("|")[2]


def _made(rule: str, arn: str, wanted: Properties) -> Made:
    bus = str(wanted.get("EventBusName", DEFAULT_BUS)).rpartition("/")[2]
    return Made(rule if bus == DEFAULT_BUS else f"{bus}|{rule}", {"Arn": arn, "RuleName": rule})
