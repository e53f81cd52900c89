"""CloudFormation's intrinsic functions: what a value in a template refers to, and what it becomes."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.cloudformation.errors import ValidationError

NO_VALUE = object()
PSEUDO = ("AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::StackName", "AWS::StackId", "AWS::URLSuffix")
VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")
CONDITION_FUNCTIONS = ("Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or", "Condition")


@dataclass
class Scope:
    """What functions may refer to: parameters and pseudo parameters by name, resources by logical id."""

    values: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    physical_ids: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def holds(self, name: str) -> bool:
        """Whether a condition of the template holds. Raises ValidationError."""
        if name not in self.conditions:
            raise ValidationError(f"Template format error: Unresolved condition dependency {name}.")
        return bool(resolve(self.conditions[name], self))


def function_of(value: Any) -> str | None:
    """The name of the function that a value is, None for a plain value."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    (name,) = value
    return name if name in ("Ref", "Condition") or str(name).startswith("Fn::") else None


def references(value: Any) -> Iterator[str]:
    """The names that Ref, GetAtt and Sub in a value refer to: of resources, parameters and pseudo parameters."""
    function = function_of(value)
    if function == "Ref":
        yield value["Ref"]
    elif function == "Fn::GetAtt":
        yield _attribute(value["Fn::GetAtt"])[0]
    elif function == "Fn::Sub":
        text, own = _sub(value["Fn::Sub"])
        yield from references(list(own.values()))
        names = (name.strip() for literal, name in VARIABLE.findall(text) if not literal)
        yield from (name.partition(".")[0] for name in names if name not in own)
    elif isinstance(value, dict):
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def resolve(value: Any, scope: Scope) -> Any:
    """The value with every function in it replaced; what is AWS::NoValue vanishes. Raises ValidationError."""
    function = function_of(value)
    if function is not None:
        return _call(function, value[function], scope)
    if isinstance(value, dict):
        members = {name: resolve(member, scope) for name, member in value.items()}
        return {name: member for name, member in members.items() if member is not NO_VALUE}
    if isinstance(value, list):
        return [member for member in (resolve(one, scope) for one in value) if member is not NO_VALUE]
    return value


def _call(function: str, argument: Any, scope: Scope) -> Any:
    if function == "Ref":
        return _ref(argument, scope)
    if function == "Fn::GetAtt":
        return _get_att(*_attribute(argument), scope)
    if function == "Fn::Sub":
        return _substitute(argument, scope)
    if function == "Fn::If":
        condition, then, otherwise = argument
        return resolve(then if scope.holds(condition) else otherwise, scope)
    if function in CONDITION_FUNCTIONS:
        return _condition(function, argument, scope)
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(str(part) for part in resolve(parts, scope))
    if function == "Fn::Select":
        index, options = argument
        return resolve(options, scope)[int(index)]
    if function == "Fn::Split":
        separator, text = argument
        return str(resolve(text, scope)).split(separator)
    if function == "Fn::FindInMap":
        name, *keys = resolve(argument, scope)
        found: Any = scope.mappings.get(name, {})
        for key in keys:
            found = found.get(str(key)) if isinstance(found, dict) else None
        if found is None:
            raise ValidationError(f"Template error: Unable to get mapping for {name}::{'::'.join(map(str, keys))}")
        return found
    if function == "Fn::Base64":
        return base64.b64encode(str(resolve(argument, scope)).encode()).decode()
    raise ValidationError(f"Template error: the function {function} is not supported by this local AWS.")


def _condition(function: str, argument: Any, scope: Scope) -> bool:
    if function == "Condition":
        return scope.holds(argument)
    operands = resolve(argument, scope)
    if function == "Fn::Equals":
        return str(operands[0]) == str(operands[1])
    if function == "Fn::Not":
        return not operands[0]
    return all(operands) if function == "Fn::And" else any(operands)


def _ref(name: str, scope: Scope) -> Any:
    if name == "AWS::NoValue":
        return NO_VALUE
    if name in scope.values:
        return scope.values[name]
    if name in scope.physical_ids:
        return scope.physical_ids[name]
    raise ValidationError(f"Template format error: Unresolved resource dependencies [{name}].")


def _get_att(name: str, attribute: str, scope: Scope) -> Any:
    if name not in scope.attributes:
        raise ValidationError(f"Template format error: Unresolved resource dependencies [{name}].")
    if attribute not in scope.attributes[name]:
        raise ValidationError(
            f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
        )
    return scope.attributes[name][attribute]


def _substitute(argument: Any, scope: Scope) -> str:
    text, own = _sub(argument)
    variables = {name: resolve(value, scope) for name, value in own.items()}

    def replace(match: re.Match[str]) -> str:
        literal, name = match.group(1), match.group(2).strip()
        if literal:
            return "${" + name + "}"
        if name in variables:
            return str(variables[name])
        resource, dot, attribute = name.partition(".")
        return str(_get_att(resource, attribute, scope) if dot else _ref(name, scope))

    return VARIABLE.sub(replace, text)


def _sub(argument: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(argument, str):
        return argument, {}
    text, own = argument
    return text, own


def _attribute(argument: Any) -> tuple[str, str]:
    if isinstance(argument, str):
        name, _, attribute = argument.partition(".")
    else:
        name, attribute = argument[0], argument[1]
    return name, attribute
