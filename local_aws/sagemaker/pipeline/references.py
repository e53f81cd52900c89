"""Gives expressions their values while an execution runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from local_aws.sagemaker.pipeline.expressions import (
    ExecutionRef,
    ExperimentRef,
    ParameterRef,
    PropertyFileRef,
    PropertyRef,
    expression_kind,
    join_parts,
    parse_get,
    parse_path,
    property_file_of,
)
from local_aws.sagemaker.pipeline.parameters import to_text
from local_aws.sagemaker.pipeline.structure import PropertyFile

# A list in a Describe response can be indexed by the name of its element, whose member is one of these.
NAME_MEMBERS = (
    "OutputName",
    "InputName",
    "ChannelName",
    "MetricName",
    "AlgorithmName",
    "VariantName",
    "Name",
)


class UnresolvedReference(Exception):
    """An expression has no value in this execution; the message says which and why."""


@dataclass(frozen=True)
class Scope:
    """What the expressions of one step may refer to.

    `variables` are the execution's, `properties` the Describe responses of the steps that have ended,
    `property_files` those declared by each step. `read` gives the content of the object at an S3 URI, and
    raises LookupError where there is none.
    """

    parameters: Mapping[str, Any]
    variables: Mapping[str, str]
    experiment: Mapping[str, Any]
    properties: Mapping[str, Mapping[str, Any]]
    property_files: Mapping[str, Mapping[str, PropertyFile]]
    read: Callable[[str], bytes]


def resolve(value: Any, scope: Scope) -> Any:
    """The value with every expression in it replaced; a reference to a whole value keeps that value's type.

    Raises UnresolvedReference.
    """
    kind = expression_kind(value)
    if kind == "Get":
        return _get(value["Get"], scope)
    if kind == "Std:Join":
        separator, parts = join_parts(value)
        return separator.join(_text(resolve(part, scope)) for part in parts)
    if kind == "Std:JsonGet":
        return _json_get(value["Std:JsonGet"], scope)
    if isinstance(value, Mapping):
        return {key: resolve(member, scope) for key, member in value.items()}
    if isinstance(value, list):
        return [resolve(member, scope) for member in value]
    return value


def execution_variables(arn: str, started: datetime, now: datetime) -> dict[str, str]:
    """The execution variables that are the same for all steps, by name; `arn` is the execution's."""
    pipeline_arn = arn.partition("/execution/")[0]
    return {
        "PipelineExecutionId": arn.rpartition("/")[2],
        "PipelineExecutionArn": arn,
        "PipelineName": pipeline_arn.rpartition("/")[2],
        "PipelineArn": pipeline_arn,
        "StartDateTime": timestamp_text(started),
        "CurrentDateTime": timestamp_text(now),
    }


def timestamp_text(moment: datetime) -> str:
    """A moment as the service writes it into text: `2026-08-06T01:50:01.123Z`."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def follow(value: Any, path: tuple[str | int, ...]) -> Any:
    """The part of a value at a path. Raises LookupError naming the first key that is not there."""
    for key in path:
        value = _member(value, key)
    return value


def _get(text: str, scope: Scope) -> Any:
    reference = parse_get(text)
    try:
        if isinstance(reference, ParameterRef):
            return scope.parameters[reference.name]
        if isinstance(reference, ExecutionRef):
            return scope.variables[reference.variable]
        if isinstance(reference, ExperimentRef):
            return scope.experiment[reference.member]
        if isinstance(reference, PropertyRef):
            return _plain(follow(scope.properties[reference.step], reference.path))
    except LookupError as error:
        raise UnresolvedReference(f"{text} has no value here: {error.args[0]!r} is not there") from error
    raise UnresolvedReference(f"{text} can only be read with Std:JsonGet")


def _json_get(content: dict[str, Any], scope: Scope) -> Any:
    property_file = property_file_of(content)
    uri = _property_file_uri(property_file, scope) if property_file else _text(resolve(content["S3Uri"], scope))
    path = content["Path"]
    try:
        document = json.loads(scope.read(uri))
    except LookupError as error:
        raise UnresolvedReference(f"the file {uri}, which JsonGet reads, does not exist") from error
    except ValueError as error:
        raise UnresolvedReference(f"the file {uri}, which JsonGet reads, is not JSON ({error})") from error
    try:
        return follow(document, parse_path(path))
    except LookupError as error:
        raise UnresolvedReference(f"JsonGet: the file {uri} has nothing at the path '{path}'") from error


def _property_file_uri(reference: PropertyFileRef, scope: Scope) -> str:
    file = scope.property_files[reference.step][reference.name]
    path = ("ProcessingOutputConfig", "Outputs", file.output_name, "S3Output", "S3Uri")
    try:
        prefix = follow(scope.properties[reference.step], path)
    except LookupError as error:
        raise UnresolvedReference(f"step '{reference.step}' has no output '{file.output_name}' in S3") from error
    return f"{str(prefix).rstrip('/')}/{file.path.lstrip('/')}"


def _member(value: Any, key: str | int) -> Any:
    if isinstance(key, int) and isinstance(value, list):
        if not -len(value) <= key < len(value):
            raise LookupError(key)
        return value[key]
    if isinstance(key, str) and isinstance(value, Mapping) and key in value:
        return value[key]
    if isinstance(key, str) and isinstance(value, list):
        for element in value:
            if isinstance(element, Mapping) and any(element.get(member) == key for member in NAME_MEMBERS):
                return element
    raise LookupError(key)


def _plain(value: Any) -> Any:
    """Timestamps as text, which is what a request or a comparison can hold."""
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    if isinstance(value, str | int | float | bool):
        return to_text(value)
    raise UnresolvedReference(f"{value!r} cannot be made into text")
