"""The parameters of a definition: are they declared soundly, and do an operator's values fit them?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.definition.problem import Problem

PARAMETER_NAME = re.compile(r"[A-Za-z0-9\-_]{1,256}")
MAX_VALUE_LENGTH = 1024
TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}


def check_parameters(definition: Mapping[str, Any], used: set[str]) -> Iterator[Problem]:
    """Names, types, defaults, enums; and that each parameter is among the `used`."""
    seen: set[str] = set()
    for index, parameter in enumerate(definition.get("Parameters", [])):
        name = str(parameter.get("Name", ""))
        path = f"Parameters.{name or f'[{index}]'}"
        if not PARAMETER_NAME.fullmatch(name):
            yield Problem(path, f"name {name!r} does not match {PARAMETER_NAME.pattern}")
        if name in seen:
            yield Problem(path, f"parameter {name!r} is declared twice")
        seen.add(name)
        yield from _check_declaration(parameter, path)
        if name not in used:
            yield Problem(path, "is declared and never used: setting it would change nothing")


def check_parameter_values(definition: Mapping[str, Any], values: Mapping[str, object]) -> list[Problem]:
    """Problems with values for starting an execution: unknown name, wrong type, not in the enum, missing
    without a default.

    Values may be strings, as they come from a command line ("0.9"), or numbers.
    """
    declared = {str(parameter["Name"]): parameter for parameter in definition.get("Parameters", [])}
    problems = [
        Problem(name, f"no such parameter: there are {', '.join(declared) or 'none'}")
        for name in values
        if name not in declared
    ]
    for name, parameter in declared.items():
        if name in values:
            problems += _check_value(name, str(values[name]), parameter)
        elif "DefaultValue" not in parameter:
            problems.append(Problem(name, "is missing and has no default"))
    return problems


def _check_declaration(parameter: Mapping[str, Any], path: str) -> Iterator[Problem]:
    kind = parameter.get("Type")
    if kind not in TYPES:
        yield Problem(path, f"type {kind!r} is not one of {', '.join(TYPES)}")
        return
    enum = parameter.get("EnumValues")
    if enum is not None and (kind != "String" or not enum or not all(isinstance(value, str) for value in enum)):
        yield Problem(path, "EnumValues wants a String parameter and at least one string")
        return
    if "DefaultValue" not in parameter:
        return
    default = parameter["DefaultValue"]
    if not isinstance(default, TYPES[kind]) or (isinstance(default, bool) and kind != "Boolean"):
        yield Problem(path, f"default {default!r} is not of type {kind}")
    elif enum and default not in enum:
        yield Problem(path, f"default {default!r} is not one of {', '.join(enum)}")


def _check_value(name: str, text: str, parameter: Mapping[str, Any]) -> Iterator[Problem]:
    kind, enum = parameter["Type"], parameter.get("EnumValues")
    if not _reads_as(text, kind):
        yield Problem(name, f"{text!r} is not of type {kind}")
    elif enum and text not in enum:
        yield Problem(name, f"{text!r} is not one of {', '.join(enum)}")
    elif len(text) > MAX_VALUE_LENGTH:
        yield Problem(name, f"has {len(text)} characters, at most {MAX_VALUE_LENGTH} are allowed")


def _reads_as(text: str, kind: str) -> bool:
    if kind == "Integer":
        return re.fullmatch(r"[+-]?\d+", text) is not None
    if kind == "Float":
        return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None
    if kind == "Boolean":
        return text.lower() in {"true", "false"}
    return True
