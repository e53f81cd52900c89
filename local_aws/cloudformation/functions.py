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
# those of values; conditions have others
FUNCTIONS = frozenset(
    {
        *("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::FindInMap"),
        "Fn::Base64",
    }
)


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
        return _is_true(self.conditions[name], self)


def function_of(value: Any) -> str | None:
    """The name of the function that a value is, None for a plain value."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    (name,) = value
    return name if name == "Ref" or str(name).startswith("Fn::") else None


def functions_in(value: Any) -> Iterator[str]:
    """The names of all functions in a value, those that are not supported too."""
    function = function_of(value)
    if function is not None:
        yield function
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from functions_in(member)


def references(value: Any) -> Iterator[str]:
    """The names that Ref, GetAtt and Sub in a value refer to: of resources, parameters and pseudo parameters.

    Raises ValidationError for a function whose argument is none.
    """
    function = function_of(value)
    if function == "Ref":
        if not isinstance(value["Ref"], str):
            raise ValidationError("Template format error: Every Ref object must have a single String value.")
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


def decide(value: Any, scope: Scope) -> Any:
    """The value with conditions decided and AWS::NoValue gone; other functions stay. Raises ValidationError."""
    function = function_of(value)
    if function == "Fn::If":
        return decide(_branch(value[function], scope), scope)
    if function == "Ref" and value["Ref"] == "AWS::NoValue":
        return NO_VALUE
    if function is not None:
        return value
    if isinstance(value, dict):
        members = {name: decide(member, scope) for name, member in value.items()}
        return {name: member for name, member in members.items() if member is not NO_VALUE}
    if isinstance(value, list):
        return [member for member in (decide(one, scope) for one in value) if member is not NO_VALUE]
    return value


def as_text(value: Any) -> str:
    """What a value is as text: booleans in lower case, as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _call(function: str, argument: Any, scope: Scope) -> Any:
    if function == "Ref":
        return _ref(argument, scope)
    if function == "Fn::GetAtt":
        return _get_att(*_attribute(argument), scope)
    if function == "Fn::Sub":
        return _substitute(argument, scope)
    if function == "Fn::If":
        return resolve(_branch(argument, scope), scope)
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(as_text(part) for part in resolve(parts, scope))
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
        return base64.b64encode(as_text(resolve(argument, scope)).encode()).decode()
    raise ValidationError(f"Template error: the function {function} is not supported by this local AWS.")


def _branch(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 3:
        raise ValidationError("Template error: Fn::If requires a list argument with three elements.")
    condition, then, otherwise = argument
    return then if scope.holds(condition) else otherwise


def _is_true(condition: Any, scope: Scope) -> bool:
    """Whether what stands in the Conditions section holds; only there {"Condition": name} is a function."""
    if not isinstance(condition, dict) or len(condition) != 1:
        raise ValidationError("Template format error: Every Conditions member must be a function.")
    ((function, argument),) = condition.items()
    if function == "Condition":
        return scope.holds(argument)
    if function == "Fn::Equals":
        left, right = resolve(argument, scope)
        return as_text(left) == as_text(right)
    if function == "Fn::Not":
        return not _is_true(argument[0], scope)
    if function in ("Fn::And", "Fn::Or"):
        operands = [_is_true(one, scope) for one in argument]
        return all(operands) if function == "Fn::And" else any(operands)
    raise ValidationError(f"Template error: {function} is not a function of conditions.")


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
            return as_text(variables[name])
        resource, dot, attribute = name.partition(".")
        return as_text(_get_att(resource, attribute, scope) if dot else _ref(name, scope))

    return VARIABLE.sub(replace, text)


def _sub(argument: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(argument, str):
        return argument, {}
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
        return str(argument[0]), argument[1]
    raise ValidationError("Template error: Fn::Sub takes a text, or a list of a text and a map of its variables.")


def _attribute(argument: Any) -> tuple[str, str]:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise ValidationError("Template error: every Fn::GetAtt object requires two non-empty parameters.")
    return parts[0], parts[1]
