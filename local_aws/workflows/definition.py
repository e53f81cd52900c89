"""Definitions of state machines: what is checked when one is created, before moto's parser reads it.

That parser takes targets that do not exist and services that nobody executes, and would fail when they are reached.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.workflows.errors import InvalidDefinition
from local_aws.workflows.integrations import AWS_SDK
from local_aws.workflows.records import EXPRESS, STANDARD

LAMBDA = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]+(:[$A-Za-z0-9-_]+)?")
OPTIMISED = {
    "lambda:invoke": {"", "waitForTaskToken"},
    "sqs:sendMessage": {"", "waitForTaskToken"},
    "sns:publish": {"", "waitForTaskToken"},
    "events:putEvents": {"", "waitForTaskToken"},
    "states:startExecution": {"", "sync", "sync:2", "waitForTaskToken"},
}
SERVICE = re.compile(
    r"arn:aws[a-z-]*:states:::(?P<action>aws-sdk:[a-z0-9]+:\w+|[a-z0-9-]+:\w+)(\.(?P<pattern>[\w:]+))?"
)
READERS = {"s3:listObjectsV2", "s3:getObject"}
INPUT_TYPES = {"CSV", "JSON"}
DISTRIBUTED_ONLY = (
    *("ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount", "ToleratedFailureCountPath"),
    *("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
)
LONGEST_STATE_NAME = 80

Problem = tuple[str, str]


def check(definition: str, machine_type: str = STANDARD) -> None:
    """Raises InvalidDefinition, naming every problem with its place in the document."""
    try:
        document = json.loads(definition)
    except ValueError as error:
        raise InvalidDefinition(f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'") from error
    problems = list(_machine(document, "")) if isinstance(document, dict) else [("not a JSON object", "/")]
    if machine_type == EXPRESS and any(_distributed_maps(document)):
        problems.append(("Map states in DISTRIBUTED mode are for STANDARD state machines", "/"))
    if problems:
        text = ", ".join(f"SCHEMA_VALIDATION_FAILED: {what} at {place or '/'}" for what, place in problems)
        raise InvalidDefinition(f"Invalid State Machine Definition: '{text}'")


def _machine(document: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """Of a state machine, or of a branch or an item processor, which have the same form."""
    states = document.get("States")
    if not isinstance(states, dict) or not states or not all(isinstance(state, dict) for state in states.values()):
        yield "States must be an object of at least one state", place
        return
    yield from _language(document, place)
    if document.get("StartAt") not in states:
        yield f"MISSING_TRANSITION_TARGET: StartAt names no state: {document.get('StartAt')}", f"{place}/StartAt"
    for name, state in states.items():
        where = f"{place}/States/{name}"
        if len(name) > LONGEST_STATE_NAME:
            yield f"the name of a state has at most {LONGEST_STATE_NAME} characters", where
        yield from _language(state, where)
        yield from _transitions(state, states, where)
        if state.get("Type") == "Task":
            yield from _task(state, where)
        elif state.get("Type") == "Map":
            yield from _map(state, where)
        elif state.get("Type") == "Parallel":
            for number, branch in enumerate(state.get("Branches") or []):
                yield from _machine(branch, f"{where}/Branches[{number}]")


def _distributed_maps(value: Any) -> Iterator[bool]:
    if isinstance(value, dict):
        if isinstance(value.get("ProcessorConfig"), dict):
            yield value["ProcessorConfig"].get("Mode") == "DISTRIBUTED"
        for part in value.values():
            yield from _distributed_maps(part)
    elif isinstance(value, list):
        for part in value:
            yield from _distributed_maps(part)


def _language(document: Mapping[str, Any], place: str) -> Iterator[Problem]:
    if document.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield "this local AWS understands JSONPath alone, not JSONata", f"{place}/QueryLanguage"


def _transitions(state: Mapping[str, Any], states: Mapping[str, Any], place: str) -> Iterator[Problem]:
    targets = [(state["Next"], "Next")] if "Next" in state else []
    targets += [(catcher.get("Next"), f"Catch[{i}]/Next") for i, catcher in enumerate(state.get("Catch") or [])]
    if state.get("Type") == "Choice":
        targets += [(choice.get("Next"), f"Choices[{i}]/Next") for i, choice in enumerate(state.get("Choices") or [])]
        targets += [(state["Default"], "Default")] if "Default" in state else []
    elif state.get("Type") not in ("Succeed", "Fail") and ("Next" in state) == bool(state.get("End")):
        yield "a state has either Next or End", place
    for target, where in targets:
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target}", f"{place}/{where}"


def _task(state: Mapping[str, Any], place: str) -> Iterator[Problem]:
    resource = str(state.get("Resource"))
    if LAMBDA.fullmatch(resource):
        return
    match = SERVICE.fullmatch(resource)
    action, pattern = (match["action"], match["pattern"] or "") if match else ("", "")
    if action.startswith("aws-sdk:"):
        service = action.split(":")[1]
        executes = service in AWS_SDK and pattern in ("", "waitForTaskToken")
    else:
        executes = pattern in OPTIMISED.get(action, ())
    if not executes:
        yield f"this local AWS does not execute the resource {resource}", f"{place}/Resource"


def _map(state: Mapping[str, Any], place: str) -> Iterator[Problem]:
    member = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
    processor = state.get(member)
    if not isinstance(processor, dict):
        yield "a Map state has an ItemProcessor", place
        return
    yield from _machine(processor, f"{place}/{member}")
    if (processor.get("ProcessorConfig") or {}).get("Mode", "INLINE") == "DISTRIBUTED":
        yield from _distributed(state, place)
        return
    for field in DISTRIBUTED_ONLY:
        if field in state:
            yield f"{field} is for Map states in DISTRIBUTED mode", f"{place}/{field}"


def _distributed(state: Mapping[str, Any], place: str) -> Iterator[Problem]:
    if "ItemBatcher" in state:
        yield "this local AWS does not support ItemBatcher", f"{place}/ItemBatcher"
    reader = state.get("ItemReader")
    if reader:
        action = str(reader.get("Resource")).rpartition(":::")[2]
        config = reader.get("ReaderConfig") or {}
        if action not in READERS:
            yield f"this local AWS does not read items by {reader.get('Resource')}", f"{place}/ItemReader/Resource"
        if action == "s3:getObject" and config.get("InputType") not in INPUT_TYPES:
            yield "this local AWS reads items from CSV and JSON", f"{place}/ItemReader/ReaderConfig/InputType"
        if action == "s3:listObjectsV2" and set(config) - {"MaxItems", "MaxItemsPath"}:
            yield "of a listing's ReaderConfig this local AWS knows MaxItems alone", f"{place}/ItemReader/ReaderConfig"
    writer = state.get("ResultWriter")
    if writer is not None:
        if str(writer.get("Resource")).rpartition(":::")[2] != "s3:putObject" or not writer.get("Parameters"):
            yield "this local AWS writes results by s3:putObject, with Parameters", f"{place}/ResultWriter"
        if "WriterConfig" in writer:
            yield "this local AWS does not support WriterConfig", f"{place}/ResultWriter/WriterConfig"
