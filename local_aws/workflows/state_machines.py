"""The operations on state machines and their tags."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local_aws.sagemaker.errors import UnsupportedOperation, ValidationException
from local_aws.workflows.definition import check
from local_aws.workflows.errors import (
    InvalidArn,
    InvalidDefinition,
    InvalidLoggingConfiguration,
    MissingRequiredParameter,
    ResourceNotFound,
    StateMachineAlreadyExists,
    StateMachineDoesNotExist,
)
from local_aws.workflows.interpreter import parse
from local_aws.workflows.paging import page
from local_aws.workflows.records import STANDARD, StateMachine, check_name
from local_aws.workflows.workflows import Workflows

ARN = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:(?P<name>[^:/]+)(?P<more>[:/].+)?")
SETTINGS = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}


def create(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateStateMachine: the same again answers the same."""
    check_name(request["name"])
    _check_publishing(request)
    _check_definition(request["definition"], request.get("type", STANDARD))
    _check_logging(request.get("loggingConfiguration"))
    arn = workflows.arn(f"stateMachine:{request['name']}")
    settings = {name: request.get(name, default) for name, default in SETTINGS.items()}
    now = workflows.now()
    machine = StateMachine(
        arn=arn,
        name=request["name"],
        type=request.get("type", STANDARD),
        role_arn=request["roleArn"],
        definition=request["definition"],
        revision_id=str(uuid.uuid4()),
        created=now,
        updated=now,
        settings=settings,
    )
    with workflows.lock:
        try:
            there = workflows.store.machine(arn)
        except KeyError:
            workflows.store.put_machine(machine)
            workflows.store.tag(arn, _tags(request))
        else:
            if replace(machine, revision_id=there.revision_id, created=there.created, updated=there.updated) != there:
                raise StateMachineAlreadyExists(f"State Machine Already Exists: '{arn}'")
            machine = there
    return {"stateMachineArn": arn, "creationDate": machine.created}


def update(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateStateMachine; executions that run go on as they began."""
    _check_publishing(request)
    changes = {"role_arn": request.get("roleArn"), "definition": request.get("definition")}
    settings = {name: request[name] for name in SETTINGS if request.get(name) is not None}
    if not settings and not any(changes.values()):
        raise MissingRequiredParameter(
            "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or the "
            "TracingConfiguration must be specified"
        )
    if changes["definition"]:
        _check_definition(request["definition"], find(workflows, request["stateMachineArn"]).type)
    _check_logging(request.get("loggingConfiguration"))
    with workflows.lock:
        there = find(workflows, request["stateMachineArn"])
        now = workflows.now()
        machine = replace(
            there,
            **{name: value for name, value in changes.items() if value},
            settings={**there.settings, **settings},
            revision_id=str(uuid.uuid4()),
            updated=now,
        )
        workflows.store.put_machine(machine)
    return {"updateDate": now, "revisionId": machine.revision_id}


def describe(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeStateMachine."""
    machine = find(workflows, request["stateMachineArn"])
    described = described_machine(machine)
    return {**described, "status": "ACTIVE", "type": machine.type, "creationDate": machine.created}


def delete(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteStateMachine: gone at once; executions that run go on to their end. No error where there is none."""
    _name(request["stateMachineArn"])
    with workflows.lock:
        workflows.store.delete_machine(request["stateMachineArn"])
    return {}


def all_of(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListStateMachines, oldest first."""
    machines = sorted(workflows.store.machines(), key=lambda machine: (machine.created, machine.name))
    summaries = [
        {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "type": machine.type,
            "creationDate": machine.created,
        }
        for machine in machines
    ]
    shown, token = page(summaries, request, "ListStateMachines")
    return {"stateMachines": shown, "nextToken": token}


def validate(_workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """ValidateStateMachineDefinition."""
    try:
        _check_definition(request["definition"], request.get("type", STANDARD))
    except InvalidDefinition as error:
        found = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": error.message}
        return {"result": "FAIL", "diagnostics": [found]}
    return {"result": "OK", "diagnostics": []}


def add_tags(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """TagResource."""
    workflows.store.tag(_tagged(workflows, request), _tags(request))
    return {}


def remove_tags(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """UntagResource."""
    workflows.store.untag(_tagged(workflows, request), request["tagKeys"])
    return {}


def tags_of(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListTagsForResource."""
    tags = workflows.store.tags(_tagged(workflows, request))
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def find(workflows: Workflows, arn: str) -> StateMachine:
    """Raises InvalidArn, StateMachineDoesNotExist."""
    _name(arn)
    try:
        return workflows.store.machine(arn)
    except KeyError as error:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'") from error


def described_machine(machine: StateMachine) -> dict[str, Any]:
    """What is said of a state machine wherever it is described."""
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": machine.role_arn,
        "revisionId": machine.revision_id,
        **machine.settings,
    }


def _name(arn: str) -> str:
    match = ARN.fullmatch(arn)
    if match is None:
        raise InvalidArn(f"Invalid Arn: '{arn}'")
    if match["more"]:
        raise UnsupportedOperation("This local AWS has no versions and aliases of state machines.")
    return match["name"]


def _tagged(workflows: Workflows, request: Mapping[str, Any]) -> str:
    try:
        return find(workflows, request["resourceArn"]).arn
    except StateMachineDoesNotExist as error:
        raise ResourceNotFound(f"Resource not found: '{request['resourceArn']}'") from error


def _tags(request: Mapping[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in request.get("tags") or []}


def _check_publishing(request: Mapping[str, Any]) -> None:
    if request.get("versionDescription") and not request.get("publish"):
        raise ValidationException("Version description can only be set when publish is true")
    if request.get("publish"):
        raise UnsupportedOperation("This local AWS has no versions and aliases of state machines.")


def _check_definition(definition: str, machine_type: str) -> None:
    check(definition, machine_type)
    parse(definition)


def _check_logging(configuration: Mapping[str, Any] | None) -> None:
    if configuration is None or configuration.get("level", "OFF") == "OFF":
        return
    destinations = configuration.get("destinations") or []
    group = (destinations[0].get("cloudWatchLogsLogGroup") or {}).get("logGroupArn") if destinations else None
    if len(destinations) != 1 or not str(group).endswith(":*"):
        raise InvalidLoggingConfiguration(
            "Invalid Logging Configuration: Must specify exactly one Log Destination, an ARN that ends in :*."
        )
