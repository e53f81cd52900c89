"""AWS::StepFunctions::StateMachine."""

from __future__ import annotations

import json
from typing import Any

import yaml

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.functions import as_text
from local_aws.cloudformation.resources.base import (
    Clients,
    Made,
    Properties,
    ResourceType,
    as_bool,
    change_tags,
    tags_of,
)

DEFINITIONS = ("Definition", "DefinitionString", "DefinitionS3Location")
OFF: dict[str, Any] = {"level": "OFF", "includeExecutionData": False}


class StateMachine(ResourceType):
    """A state machine. Its definition is an object, a text, or an object in S3, JSON or YAML."""

    type = "AWS::StepFunctions::StateMachine"
    properties = frozenset(
        {
            *DEFINITIONS,
            *("DefinitionSubstitutions", "LoggingConfiguration", "RoleArn", "StateMachineName", "StateMachineType"),
            *("Tags", "TracingConfiguration"),
        }
    )
    required = frozenset({"RoleArn"})
    replacing = frozenset({"StateMachineName", "StateMachineType"})
    inert = frozenset({"TracingConfiguration"})
    named_by = "StateMachineName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        states, machine = clients("stepfunctions"), wanted.get("StateMachineName", name)
        if self.named_by in wanted and _is_there(states, machine):
            raise self.already_there(machine)
        made = states.create_state_machine(
            name=machine,
            type=wanted.get("StateMachineType", "STANDARD"),
            tags=_tags(tags_of(wanted)),
            **_settings(clients, wanted),
        )
        return _made(states, made["stateMachineArn"])

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        states = clients("stepfunctions")
        states.update_state_machine(stateMachineArn=physical_id, **_settings(clients, wanted))
        change_tags(
            before,
            wanted,
            lambda tags: states.tag_resource(resourceArn=physical_id, tags=_tags(tags)),
            lambda keys: states.untag_resource(resourceArn=physical_id, tagKeys=keys),
        )
        return _made(states, physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        clients("stepfunctions").delete_state_machine(stateMachineArn=physical_id)


def _settings(clients: Clients, wanted: Properties) -> dict[str, Any]:
    tracing = wanted.get("TracingConfiguration", {})
    return {
        "definition": _definition(clients, wanted),
        "roleArn": wanted["RoleArn"],
        "loggingConfiguration": _logging(wanted.get("LoggingConfiguration")),
        "tracingConfiguration": {"enabled": as_bool(tracing.get("Enabled", False))},
    }


def _definition(clients: Clients, wanted: Properties) -> str:
    given = [name for name in DEFINITIONS if name in wanted]
    if len(given) != 1:
        raise ResourceFailed(f"Exactly one of {', '.join(DEFINITIONS)} is needed; given: {', '.join(given) or 'none'}.")
    if given[0] == "Definition":
        text = json.dumps(wanted["Definition"])
    elif given[0] == "DefinitionString":
        text = wanted["DefinitionString"]
    else:
        text = _read(clients, wanted["DefinitionS3Location"])
    for name, value in wanted.get("DefinitionSubstitutions", {}).items():
        text = text.replace("${" + name + "}", as_text(value))
    return text if text.lstrip().startswith("{") else _from_yaml(text)


def _read(clients: Clients, place: Properties) -> str:
    version = {"VersionId": place["Version"]} if "Version" in place else {}
    body: bytes = clients("s3").get_object(Bucket=place["Bucket"], Key=place["Key"], **version)["Body"].read()
    return body.decode()


def _from_yaml(text: str) -> str:
    try:
        return json.dumps(yaml.safe_load(text))
    except (yaml.YAMLError, TypeError) as error:
        raise ResourceFailed(f"The definition is neither JSON nor YAML: {' '.join(str(error).split())}") from error


def _logging(configuration: Properties | None) -> dict[str, Any]:
    if configuration is None:
        return OFF
    found: dict[str, Any] = {
        "level": configuration.get("Level", "OFF"),
        "includeExecutionData": as_bool(configuration.get("IncludeExecutionData", False)),
    }
    groups = [one["CloudWatchLogsLogGroup"]["LogGroupArn"] for one in configuration.get("Destinations", [])]
    if groups:
        found["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}} for arn in groups]
    return found


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _is_there(states: Any, name: str) -> bool:
    pages = states.get_paginator("list_state_machines").paginate()
    return any(machine["name"] == name for page in pages for machine in page["stateMachines"])


def _made(states: Any, arn: str) -> Made:
    found = states.describe_state_machine(stateMachineArn=arn)
    revision = found.get("revisionId", "INITIAL")
    return Made(arn, {"Arn": arn, "Name": found["name"], "StateMachineRevisionId": revision})
