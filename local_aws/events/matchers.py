"""Tests of one value of an event: what may stand in the lists of an event pattern.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html; the words of
the errors are those of the open library that the service matches with, https://github.com/aws/event-ruler.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, TypeGuard

# whether a value that is neither an object nor a list passes
Test = Callable[[Any], bool]

LARGEST_NUMBER = 5e9
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class InvalidPattern(ValueError):
    """The message is the reason, in the service's words."""


def absent(_value: Any) -> bool:
    """The test of {"exists": false}: no value passes, only a field that is not there."""
    return False


def test_of(expected: Any) -> Test:
    """The test that one element of a pattern's list stands for. Raises InvalidPattern."""
    if isinstance(expected, list):
        raise InvalidPattern("Match value must be String, number, true, false, or null")
    if not isinstance(expected, dict):
        return lambda value: _same(value, expected)
    if not expected:
        raise InvalidPattern("Match expression name not found")
    kind, operand = next(iter(expected.items()))
    if kind not in EXPRESSIONS:
        raise InvalidPattern(f"Unrecognized match type {kind}")
    test = EXPRESSIONS[kind](operand)
    if len(expected) > 1:
        raise InvalidPattern("Only one key allowed in match expression")
    return test


def _same(value: Any, expected: Any) -> bool:
    # to Python, 1 is True
    return isinstance(value, bool) == isinstance(expected, bool) and bool(value == expected)


def _text(operand: Any, kind: str) -> str:
    if not isinstance(operand, str):
        raise InvalidPattern(f"{kind} match pattern must be a string")
    return operand


def _equals_ignore_case(operand: Any) -> Test:
    wanted = _text(operand, "equals-ignore-case").lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _ignored_case(operand: dict[str, Any], kind: str) -> str:
    if list(operand) != ["equals-ignore-case"]:
        raise InvalidPattern(f"Unsupported {kind} pattern: {', '.join(operand)}")
    return _text(operand["equals-ignore-case"], "equals-ignore-case").lower()


def _prefix(operand: Any) -> Test:
    if isinstance(operand, dict):
        lowered = _ignored_case(operand, "prefix")
        return lambda value: isinstance(value, str) and value.lower().startswith(lowered)
    wanted = _text(operand, "prefix")
    return lambda value: isinstance(value, str) and value.startswith(wanted)


def _suffix(operand: Any) -> Test:
    if isinstance(operand, dict):
        lowered = _ignored_case(operand, "suffix")
        return lambda value: isinstance(value, str) and value.lower().endswith(lowered)
    wanted = _text(operand, "suffix")
    return lambda value: isinstance(value, str) and value.endswith(wanted)


def _wildcard(operand: Any) -> Test:
    first, *rest = _between_wildcards(_text(operand, "wildcard"))

    def matches(value: Any) -> bool:
        if not isinstance(value, str) or not value.startswith(first):
            return False
        if not rest:
            return value == first
        *inner, last = rest
        place, end = len(first), len(value) - len(last)
        if end < place or not value.endswith(last):
            return False
        for part in inner:
            found = value.find(part, place, end)
            if found < 0:
                return False
            place = found + len(part)
        return True

    return matches


def _between_wildcards(text: str) -> list[str]:
    """The literal parts before, between and after the asterisks. Positions in errors count the opening quote."""
    parts, place = [""], 0
    while place < len(text):
        character = text[place]
        if character == "\\":
            if text[place + 1 : place + 2] not in ("*", "\\"):
                raise InvalidPattern(f"Invalid escape character at pos {place + 1}")
            place += 1
            parts[-1] += text[place]
        elif character == "*":
            if text[place + 1 : place + 2] == "*":
                raise InvalidPattern(f"Consecutive wildcard characters at pos {place + 1}")
            parts.append("")
        else:
            parts[-1] += character
        place += 1
    return parts


def _exists(operand: Any) -> Test:
    if not isinstance(operand, bool):
        raise InvalidPattern("exists match pattern must be either true or false.")
    return (lambda _value: True) if operand else absent


def _cidr(operand: Any) -> Test:
    text = _text(operand, "prefix")
    if text.count("/") != 1:
        raise InvalidPattern("Malformed CIDR, one '/' required")
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidPattern(f"Malformed CIDR, {error}") from error

    def inside(value: Any) -> bool:
        try:
            return isinstance(value, str) and ip_address(value) in network
        except ValueError:
            return False

    return inside


def _numeric(operand: Any) -> Test:
    if not isinstance(operand, list):
        raise InvalidPattern("Value of numeric must be an array.")
    if not operand or not isinstance(operand[0], str):
        raise InvalidPattern("Invalid member in numeric match: an operator must come first")
    bounds = [_bound(operand, place) for place in range(0, len(operand), 2)]
    if operand[0] == "=":
        if len(bounds) > 1:
            raise InvalidPattern("Too many elements in numeric expression")
        return lambda value: is_number(value) and bool(value == bounds[0][1])
    if len(bounds) > 2 or (len(bounds) == 2 and operand[0] in ("<", "<=")):
        raise InvalidPattern("Too many elements in numeric expression")
    if len(bounds) == 2:
        if operand[2] not in ("<", "<="):
            raise InvalidPattern(f"Bad numeric range operator: {operand[2]}")
        if bounds[0][1] >= bounds[1][1]:
            raise InvalidPattern("Bottom must be less than top")
    tests = [(COMPARISONS[name], limit) for name, limit in bounds]
    return lambda value: is_number(value) and all(compare(value, limit) for compare, limit in tests)


def _bound(operand: list[Any], place: int) -> tuple[str, float]:
    name = operand[place]
    if name not in ("=", *COMPARISONS):
        raise InvalidPattern(f"Unrecognized numeric range operator: {name}")
    limit = operand[place + 1] if place + 1 < len(operand) else None
    if not is_number(limit):
        raise InvalidPattern(f"Value of {'equals' if name == '=' else name} must be numeric")
    if not -LARGEST_NUMBER <= limit <= LARGEST_NUMBER:
        raise InvalidPattern("Value must be between -5.0E9 and 5.0E9, inclusive")
    return name, limit


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a JSON number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, dict):
        unwanted = _unwanted_forms(operand)
        return lambda value: not any(test(value) for test in unwanted)
    values = operand if isinstance(operand, list) else [operand]
    if not isinstance(operand, list) and not (isinstance(operand, str) or is_number(operand)):
        raise InvalidPattern("Value of anything-but must be an array or single string/number value.")
    if not all(isinstance(value, str) or is_number(value) for value in values):
        raise InvalidPattern("Inside anything but list, start|null|boolean is not supported.")
    if not values or len({isinstance(value, str) for value in values}) > 1:
        raise InvalidPattern(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    return lambda value: not any(_same(value, unwanted) for unwanted in values)


def _unwanted_forms(operand: dict[str, Any]) -> list[Test]:
    if not operand:
        raise InvalidPattern("Anything-But expression name not found")
    kind, forms = next(iter(operand.items()))
    if kind not in REASONS_INSIDE_ANYTHING_BUT:
        raise InvalidPattern(f"Unsupported anything-but pattern: {kind}")
    if isinstance(forms, (dict, bool)) or forms is None:
        raise InvalidPattern("Value of anything-but must be an array or single string/number value.")
    forms = forms if isinstance(forms, list) else [forms]
    if not all(isinstance(form, str) for form in forms):
        raise InvalidPattern(REASONS_INSIDE_ANYTHING_BUT[kind])
    if not forms or (kind in ("prefix", "suffix") and "" in forms):
        raise InvalidPattern("Null prefix/suffix not allowed" if forms else "Empty arrays are not allowed")
    if len(operand) > 1:
        raise InvalidPattern("Only one key allowed in match expression")
    return [EXPRESSIONS[kind](form) for form in forms]


REASONS_INSIDE_ANYTHING_BUT = {
    "prefix": "prefix/suffix match pattern must be a string",
    "suffix": "prefix/suffix match pattern must be a string",
    "wildcard": "wildcard match pattern must be a string",
    "equals-ignore-case": ("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."),
}
EXPRESSIONS: dict[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "exists": _exists,
    "cidr": _cidr,
}
