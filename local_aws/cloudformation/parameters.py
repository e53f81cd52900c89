"""A template's parameters: their values, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local_aws.cloudformation.errors import ValidationError
from local_aws.cloudformation.functions import as_text

LISTS = ("CommaDelimitedList", "List<Number>")
TYPES = ("String", "Number", *LISTS)


def parameter_values(
    declared: Mapping[str, Mapping[str, Any]], given: list[dict[str, Any]], before: Mapping[str, str]
) -> dict[str, str]:
    """The text of each parameter: given, as it was before where that is asked for, or the default.

    Raises ValidationError in the service's words.
    """
    for name, rules in declared.items():
        if rules.get("Type") not in TYPES:
            told = f"Parameter {name} is of type {rules.get('Type')}, which this local AWS does not support"
            raise ValidationError(f"Template format error: {told}; supported: {', '.join(TYPES)}.")
    texts = {one["ParameterKey"]: _given(one, before) for one in given}
    unknown = [name for name in texts if name not in declared]
    if unknown:
        raise ValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    defaults = {name: as_text(rules["Default"]) for name, rules in declared.items() if "Default" in rules}
    values = {**defaults, **texts}
    missing = [name for name in declared if name not in values]
    if missing:
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, text in values.items():
        _check(name, text, declared[name])
    return values


def as_values(declared: Mapping[str, Mapping[str, Any]], texts: Mapping[str, str]) -> dict[str, Any]:
    """What Ref gives for each parameter: its text, or a list of texts."""
    return {
        name: [part.strip() for part in text.split(",")] if declared[name].get("Type") in LISTS else text
        for name, text in texts.items()
    }


def pseudo_parameters(region: str, account_id: str, stack: str, stack_id: str) -> dict[str, str]:
    """What Ref gives for the names that every template has."""
    return {
        "AWS::Region": region,
        "AWS::AccountId": account_id,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": stack,
        "AWS::StackId": stack_id,
    }


def _given(one: Mapping[str, Any], before: Mapping[str, str]) -> str:
    name = one["ParameterKey"]
    if not one.get("UsePreviousValue"):
        return str(one.get("ParameterValue", ""))
    if name not in before:
        raise ValidationError(f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true.")
    return before[name]


def _check(name: str, text: str, rules: Mapping[str, Any]) -> None:
    if rules.get("Type") == "Number":
        _check_number(name, text, rules)
    allowed = [as_text(value) for value in rules.get("AllowedValues", [])]
    if allowed and text not in allowed:
        raise ValidationError(f"Parameter '{name}' must be one of AllowedValues")
    if "AllowedPattern" in rules and not re.fullmatch(rules["AllowedPattern"], text):
        told = rules.get("ConstraintDescription") or f"must match pattern {rules['AllowedPattern']}"
        raise ValidationError(f"Parameter '{name}' {told}")
    if len(text) < int(rules.get("MinLength", 0)):
        raise ValidationError(f"Parameter '{name}' must contain at least {rules['MinLength']} characters")
    if len(text) > int(rules.get("MaxLength", len(text))):
        raise ValidationError(f"Parameter '{name}' must contain at most {rules['MaxLength']} characters")


def _check_number(name: str, text: str, rules: Mapping[str, Any]) -> None:
    try:
        number = float(text)
    except ValueError as error:
        raise ValidationError(f"Parameter value {text} for parameter name {name} must be a number.") from error
    if number < float(rules.get("MinValue", number)):
        raise ValidationError(f"Parameter '{name}' must be a number not less than {rules['MinValue']}")
    if number > float(rules.get("MaxValue", number)):
        raise ValidationError(f"Parameter '{name}' must be a number not greater than {rules['MaxValue']}")
