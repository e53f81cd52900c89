"""Pipeline parameters: their declaration in a definition, and the values of one execution."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.errors import ValidationException

NAME = re.compile(r"[A-Za-z0-9\-_]{1,256}")
TYPES = ("String", "Integer", "Float", "Boolean")
MEMBERS = frozenset({"Name", "Type", "DefaultValue", "EnumValues", "MinValue", "MaxValue"})

Value = str | int | float | bool


@dataclass(frozen=True)
class Parameter:
    """One declared parameter. `default` None: a value must be given at the start of an execution."""

    name: str
    type: str
    default: Value | None = None
    choices: tuple[Value, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    def value_of(self, text: str) -> Value:
        """The value that a start request gives as text. Raises ValidationException."""
        value = _from_text(self.type, text)
        if value is None:
            raise ValidationException(
                f"Unexpected type for parameter '{self.name}'. Expected {self.type} but found '{text}'."
            )
        self.check(value)
        return value

    def check(self, value: Value) -> None:
        """Raises ValidationException for a value that is not among the choices or out of range."""
        if self.choices and value not in self.choices:
            allowed = ", ".join(to_text(choice) for choice in self.choices)
            raise ValidationException(
                f"Parameter '{self.name}' value '{to_text(value)}' is not one of its EnumValues: [{allowed}]."
            )
        if isinstance(value, bool | str):
            return
        if self.minimum is not None and value < self.minimum:
            raise ValidationException(f"Parameter '{self.name}' value {value} is below its MinValue {self.minimum}.")
        if self.maximum is not None and value > self.maximum:
            raise ValidationException(f"Parameter '{self.name}' value {value} is above its MaxValue {self.maximum}.")


def parse_parameter(document: Any) -> Parameter:
    """One entry of a definition's Parameters. Raises ValidationException saying what is wrong with it."""
    if not isinstance(document, dict):
        raise ValidationException(f"a parameter must be an object, not {document!r}")
    name = document.get("Name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValidationException(f"{name!r} is not a parameter name (it must match {NAME.pattern})")
    unknown = sorted(set(document) - MEMBERS)
    if unknown:
        raise ValidationException(f"Unknown member '{unknown[0]}' of parameter '{name}'")
    kind = document.get("Type")
    if kind not in TYPES:
        raise ValidationException(f"parameter '{name}' has the type {kind!r}; a type is one of {', '.join(TYPES)}")
    parameter = Parameter(
        name=name,
        type=kind,
        default=_declared(name, kind, "DefaultValue", document.get("DefaultValue")),
        choices=_choices(name, kind, document.get("EnumValues")),
        minimum=_bound(name, kind, "MinValue", document.get("MinValue")),
        maximum=_bound(name, kind, "MaxValue", document.get("MaxValue")),
    )
    if parameter.default is not None:
        parameter.check(parameter.default)
    return parameter


def bind(declared: Mapping[str, Parameter], given: Iterable[Mapping[str, str]]) -> dict[str, Value]:
    """The values of one execution, by name in declaration order.

    `given` is a start request's PipelineParameters (`{"Name", "Value"}`, values as text). Raises
    ValidationException for an unknown or repeated name, a value of the wrong type or range, and one missing
    without default.
    """
    values: dict[str, Value] = {}
    for entry in given:
        name = entry["Name"]
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise ValidationException(f"Unknown parameter '{name}'. The pipeline's parameters are: {known}.")
        if name in values:
            raise ValidationException(f"Parameter '{name}' is given more than once.")
        values[name] = declared[name].value_of(entry["Value"])
    bound: dict[str, Value] = {}
    for name, parameter in declared.items():
        value = values.get(name, parameter.default)
        if value is None:
            raise ValidationException(f"Parameter '{name}' is undefined: it has no default value and none was given.")
        bound[name] = value
    return bound


def to_text(value: Value) -> str:
    """A value as the service writes it into text: true and false in lower case, numbers in short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return f"{value:.1f}"
    return str(value)


def _from_text(kind: str, text: str) -> Value | None:
    if kind == "String":
        return text
    try:
        if kind == "Integer":
            return int(text)
        if kind == "Float":
            number = float(text)
            return number if math.isfinite(number) else None
    except ValueError:
        return None
    return {"true": True, "false": False}.get(text.lower())


def _declared(name: str, kind: str, member: str, value: Any) -> Value | None:
    """A value written in the definition, which must be of the parameter's own JSON type."""
    if value is None:
        return None
    if kind == "String" and isinstance(value, str):
        return value
    if kind == "Boolean" and isinstance(value, bool):
        return value
    if kind == "Integer" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "Float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValidationException(f"{member} {value!r} of parameter '{name}' is not of its type {kind}")


def _choices(name: str, kind: str, values: Any) -> tuple[Value, ...]:
    if values is None:
        return ()
    if not isinstance(values, list) or not values:
        raise ValidationException(f"EnumValues of parameter '{name}' must be a list of values")
    checked = [_declared(name, kind, "EnumValues", value) for value in values]
    return tuple(value for value in checked if value is not None)


def _bound(name: str, kind: str, member: str, value: Any) -> float | None:
    if value is None:
        return None
    if kind not in ("Integer", "Float"):
        raise ValidationException(f"{member} is for numbers; parameter '{name}' has the type {kind}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValidationException(f"{member} {value!r} of parameter '{name}' is not a number")
    return value
