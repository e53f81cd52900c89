"""The conditions of a Condition step, over values that hold no expressions any more."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Condition = Mapping[str, Any]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
TYPES = (*COMPARISONS, "In", "Not", "Or")


class BadCondition(Exception):
    """A condition that cannot be evaluated; the message says why."""


def check_condition(condition: Any) -> None:
    """Raises BadCondition for a condition of no known form (its operands may still be expressions)."""
    if not isinstance(condition, dict):
        raise BadCondition(f"a condition must be an object, not {condition!r}")
    kind = condition.get("Type")
    if kind in COMPARISONS:
        _require(condition, "LeftValue", "RightValue")
    elif kind == "In":
        _require(condition, "QueryValue", "Values")
        if not isinstance(condition["Values"], list | dict):
            raise BadCondition("Values of an In condition must be a list")
    elif kind == "Not":
        check_condition(negated(condition))
    elif kind == "Or":
        _require(condition, "Conditions")
        if not isinstance(condition["Conditions"], list):
            raise BadCondition("Conditions of an Or condition must be a list")
        for part in condition["Conditions"]:
            check_condition(part)
    else:
        raise BadCondition(f"the condition type {kind!r} is not one of {', '.join(TYPES)}")


def evaluate_all(conditions: Iterable[Condition]) -> bool:
    """Whether every condition holds (true for none). Raises BadCondition."""
    return all([evaluate(condition) for condition in conditions])


def evaluate(condition: Condition) -> bool:
    """Whether a condition holds. Raises BadCondition for operands that cannot be compared."""
    kind = condition["Type"]
    if kind in COMPARISONS:
        return _compare(kind, condition["LeftValue"], condition["RightValue"])
    if kind == "In":
        values = condition["Values"]
        if not isinstance(values, list):
            raise BadCondition(f"Values of an In condition must be a list, but is {values!r}")
        query = _operand("In", condition["QueryValue"])
        return any(_alike(query, value) and query == value for value in values)
    if kind == "Not":
        return not evaluate(negated(condition))
    if kind == "Or":
        return any([evaluate(part) for part in condition["Conditions"]])
    raise BadCondition(f"the condition type {kind!r} is not one of {', '.join(TYPES)}")


def negated(condition: Condition) -> Condition:
    """What a Not condition negates. Raises BadCondition.

    The SDK writes the member as `Condition` (v3) and as `Expression` (v2, and the published schema).
    """
    for member in ("Condition", "Expression"):
        if isinstance(condition.get(member), dict):
            return dict(condition[member])
    raise BadCondition("a Not condition needs the member Condition")


def _compare(kind: str, left: Any, right: Any) -> bool:
    left, right = _operand(kind, left), _operand(kind, right)
    if not _alike(left, right):
        raise BadCondition(f"{kind} cannot compare {_describe(left)} with {_describe(right)}")
    if isinstance(left, bool) and kind != "Equals":
        raise BadCondition(f"{kind} cannot order Booleans")
    return COMPARISONS[kind](left, right)


def _operand(kind: str, value: Any) -> Any:
    if isinstance(value, str | int | float | bool):
        return value
    raise BadCondition(f"{kind} cannot compare {value!r}: it is neither a string, a number nor a Boolean")


def _alike(left: Any, right: Any) -> bool:
    return _type_name(left) == _type_name(right)


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "Boolean"
    return "String" if isinstance(value, str) else "number" if isinstance(value, int | float) else "other"


def _describe(value: Any) -> str:
    return f"{value!r} (a {_type_name(value)})"


def _require(condition: Condition, *members: str) -> None:
    missing = [member for member in members if member not in condition]
    if missing:
        raise BadCondition(f"a condition of type {condition['Type']} needs the member {missing[0]}")
