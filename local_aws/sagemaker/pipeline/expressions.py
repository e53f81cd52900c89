"""The expressions a definition may hold in place of values: Get, Std:Join and Std:JsonGet.

Here they are only read and checked; `references` gives them their values while an execution runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

EXECUTION_VARIABLES = (
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "PipelineName",
    "PipelineArn",
    "StartDateTime",
    "CurrentDateTime",
    "TrainingJobName",
    "ProcessingJobName",
)
EXPERIMENT_PROPERTIES = ("ExperimentName", "TrialName")

PATH_PART = re.compile(r"""\.?([^.\[\]'"$]+)|\[(-?\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")


class BadExpression(Exception):
    """An expression that is not of a known form; the message says which and why."""


@dataclass(frozen=True)
class ParameterRef:
    """`Parameters.<name>`."""

    name: str


@dataclass(frozen=True)
class ExecutionRef:
    """`Execution.<variable>`."""

    variable: str


@dataclass(frozen=True)
class ExperimentRef:
    """`PipelineExperimentConfig.<member>`."""

    member: str


@dataclass(frozen=True)
class PropertyRef:
    """`Steps.<step>.<path>`: a part of what the step's Describe call answers; the path may be empty."""

    step: str
    path: tuple[str | int, ...]
    text: str


@dataclass(frozen=True)
class PropertyFileRef:
    """`Steps.<step>.PropertyFiles.<name>`, which only Std:JsonGet can hold."""

    step: str
    name: str


Reference = ParameterRef | ExecutionRef | ExperimentRef | PropertyRef | PropertyFileRef


def expression_kind(value: Any) -> str | None:
    """ "Get", "Std:Join" or "Std:JsonGet" where the value is such an expression, None for a plain value.

    Raises BadExpression for another function of the `Std:` family.
    """
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((key, content),) = value.items()
    if key == "Get" and isinstance(content, str):
        return "Get"
    if key in ("Std:Join", "Std:JsonGet"):
        return str(key)
    if isinstance(key, str) and key.startswith("Std:"):
        raise BadExpression(f"the function {key} is not supported; supported are Std:Join and Std:JsonGet")
    return None


def parse_get(text: str) -> Reference:
    """What a Get refers to. Raises BadExpression."""
    root, _, rest = text.partition(".")
    if root == "Parameters" and rest:
        return ParameterRef(rest)
    if root == "Execution":
        if rest not in EXECUTION_VARIABLES:
            raise BadExpression(f"'{text}': the execution variables are {', '.join(EXECUTION_VARIABLES)}")
        return ExecutionRef(rest)
    if root == "PipelineExperimentConfig":
        if rest not in EXPERIMENT_PROPERTIES:
            raise BadExpression(f"'{text}': PipelineExperimentConfig has {', '.join(EXPERIMENT_PROPERTIES)}")
        return ExperimentRef(rest)
    if root == "Steps" and rest:
        return _parse_step_get(text, rest)
    raise BadExpression(f"'{text}' is none of Parameters.*, Execution.*, Steps.* and PipelineExperimentConfig.*")


def parse_path(path: str) -> tuple[str | int, ...]:
    """The keys and indexes of a path as in `a.b[0]['c']`, with or without `$` first. Raises BadExpression."""
    parts: list[str | int] = []
    position = 1 if path.startswith("$") else 0
    while position < len(path):
        found = PATH_PART.match(path, position)
        if found is None:
            raise BadExpression(f"the path '{path}' cannot be read at '{path[position:]}' (forms: a.b, [0], ['key'])")
        name, index, single, double = found.groups()
        parts.append(int(index) if index is not None else next(p for p in (name, single, double) if p is not None))
        position = found.end()
    return tuple(parts)


def references(value: Any) -> Iterator[Reference]:
    """Every reference in a value, however deep. Raises BadExpression for a malformed expression."""
    kind = expression_kind(value)
    if kind == "Get":
        reference = parse_get(value["Get"])
        if isinstance(reference, PropertyFileRef):
            raise BadExpression(f"'{value['Get']}': a property file can only be read with Std:JsonGet")
        yield reference
    elif kind == "Std:Join":
        yield from references(join_parts(value)[1])
    elif kind == "Std:JsonGet":
        yield from _json_get_references(value["Std:JsonGet"])
    elif isinstance(value, dict):
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def join_parts(expression: dict[str, Any]) -> tuple[str, list[Any]]:
    """On and Values of a Std:Join. Raises BadExpression."""
    content = expression["Std:Join"]
    if not isinstance(content, dict) or not isinstance(content.get("Values"), list):
        raise BadExpression("Std:Join needs the members On (a string) and Values (a list)")
    separator = content.get("On", "")
    if not isinstance(separator, str):
        raise BadExpression(f"On of Std:Join must be a string, not {separator!r}")
    return separator, content["Values"]


def property_file_of(content: dict[str, Any]) -> PropertyFileRef | None:
    """The property file that a Std:JsonGet reads, None where it reads an S3Uri. Raises BadExpression."""
    source = content.get("PropertyFile")
    if source is None:
        return None
    if expression_kind(source) == "Get":
        reference = parse_get(source["Get"])
        if isinstance(reference, PropertyFileRef):
            return reference
    raise BadExpression('PropertyFile of Std:JsonGet must be {"Get": "Steps.<step>.PropertyFiles.<name>"}')


def _json_get_references(content: Any) -> Iterator[Reference]:
    if not isinstance(content, dict) or not isinstance(content.get("Path"), str):
        raise BadExpression("Std:JsonGet needs the members Path (a string) and PropertyFile or S3Uri")
    if ("PropertyFile" in content) == ("S3Uri" in content):
        raise BadExpression("Std:JsonGet needs one of PropertyFile and S3Uri")
    parse_path(content["Path"])
    property_file = property_file_of(content)
    if property_file is not None:
        yield property_file
    else:
        yield from references(content["S3Uri"])


def _parse_step_get(text: str, rest: str) -> Reference:
    found = re.match(r"[A-Za-z0-9\-_]+", rest)
    if found is None:
        raise BadExpression(f"'{text}' names no step")
    path = rest[found.end() :]
    if path.startswith(".PropertyFiles."):
        return PropertyFileRef(found.group(), path[len(".PropertyFiles.") :])
    if path and not path.startswith((".", "[")):
        raise BadExpression(f"'{text}' cannot be read at '{path}'")
    return PropertyRef(found.group(), parse_path(path), text)
