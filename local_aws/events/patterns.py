"""Event patterns: which events a rule matches.

A pattern has the shape of the events that it matches; a list says which values a field may have. Lists in an event
count as whatever is in them, but fields of different elements never count together. As in the service, a dot in a
name is the same as one more level, and {"exists": false} looks at the field in the whole event.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.events.matchers import EXPRESSIONS, InvalidPattern, Test, absent, test_of

OR = "$or"
# fields of these names inside $or would be read as expressions by mistake
RESERVED = frozenset(
    [
        *EXPRESSIONS,
        *("=", "<", "<=", ">", ">=", "exactly", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    ]
)


@dataclass(frozen=True)
class _Field:
    """One of the tests must pass, or, where `may_be_absent`, nothing be at `path` in the event."""

    path: tuple[str, ...]
    tests: tuple[Test, ...]
    may_be_absent: bool

    def holds(self, value: Any, event: Any) -> bool:
        if any(test(leaf) for leaf in _leaves(value) for test in self.tests):
            return True
        return self.may_be_absent and not _is_there(event, self.path)


@dataclass(frozen=True)
class _Members:
    """All `fields` must hold, and one of each group of `alternatives`."""

    fields: Mapping[str, _Field | _Members]
    alternatives: tuple[tuple[_Members, ...], ...] = ()

    def holds(self, value: Any, event: Any) -> bool:
        return any(self._hold(members, event) for members in _objects(value) or [{}])

    def _hold(self, members: dict[str, Any], event: Any) -> bool:
        return all(field.holds(members.get(name, {}), event) for name, field in self.fields.items()) and all(
            any(choice.holds(members, event) for choice in group) for group in self.alternatives
        )


@dataclass(frozen=True)
class Pattern:
    """A pattern that events can be held against."""

    _root: _Members

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Raises InvalidPattern with the service's reason."""
        try:
            parsed = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
            if not isinstance(parsed, dict):
                raise InvalidPattern("Filter is not an object")
            return cls(_members(parsed, (), in_choice=False))
        except json.JSONDecodeError as error:
            raise InvalidPattern(f"{error.msg} at line: {error.lineno}, column: {error.colno}") from error
        except RecursionError as error:
            raise InvalidPattern("It is nested too deeply") from error

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the whole event, of parsed JSON, matches."""
        unfolded = _unfolded(event)
        return self._root.holds(unfolded, unfolded)


def _members(pattern: dict[str, Any], path: tuple[str, ...], in_choice: bool) -> _Members:
    if not pattern:
        raise InvalidPattern("Empty objects are not allowed")
    members = _Members({})
    for name, wanted in pattern.items():
        if name == OR:
            members = _merged(members, _Members({}, (_choices(wanted, path),)), path)
            continue
        if in_choice and name in RESERVED:
            raise InvalidPattern(f"{name} is Ruler reserved fieldName which cannot be used inside {OR}.")
        steps = tuple(name.split("."))
        inner = _field_or_members(name, wanted, (*path, *steps), in_choice)
        for step in reversed(steps):
            inner = _Members({step: inner})
        members = _merged(members, inner, path)
    return members


def _field_or_members(name: str, wanted: Any, path: tuple[str, ...], in_choice: bool) -> Any:
    if isinstance(wanted, dict):
        return _members(wanted, path, in_choice)
    if not isinstance(wanted, list):
        raise InvalidPattern(f'"{name}" must be an object or an array')
    if not wanted:
        raise InvalidPattern("Empty arrays are not allowed")
    tests = tuple(test_of(expected) for expected in wanted)
    return _Field(path, tests, absent in tests)


def _choices(wanted: Any, path: tuple[str, ...]) -> tuple[_Members, ...]:
    if not isinstance(wanted, list):
        raise InvalidPattern(f"It must be an Array followed with {OR}.")
    if not all(isinstance(choice, dict) for choice in wanted):
        raise InvalidPattern(f"Only JSON object is allowed in array of {OR} relationship.")
    if len(wanted) < 2:
        raise InvalidPattern(f"There must have at least 2 Objects in {OR} relationship.")
    return tuple(_members(choice, path, in_choice=True) for choice in wanted)


def _merged(one: Any, other: Any, path: tuple[str, ...]) -> Any:
    """Both together; different spellings of a path may speak of different fields, never of the same one."""
    if isinstance(one, _Field) or isinstance(other, _Field):
        raise InvalidPattern(f"Path `{'.'.join(path)}` cannot be allowed multiple times")
    fields = dict(one.fields)
    for name, field in other.fields.items():
        fields[name] = _merged(fields[name], field, (*path, name)) if name in fields else field
    return _Members(fields, one.alternatives + other.alternatives)


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for element in value for found in _objects(element)]
    return [value] if isinstance(value, dict) else []


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif not isinstance(value, dict):
        yield value


def _is_there(event: Any, path: tuple[str, ...]) -> bool:
    if not path:
        return any(True for _ in _leaves(event))
    return any(_is_there(members[path[0]], path[1:]) for members in _objects(event) if path[0] in members)


def _unfolded(value: Any) -> Any:
    """The same, with one more level in the place of each dot in a name."""
    if isinstance(value, list):
        return [_unfolded(element) for element in value]
    if not isinstance(value, Mapping):
        return value
    unfolded: dict[str, Any] = {}
    for name, member in value.items():
        first, *rest = name.split(".")
        inner = _unfolded(member)
        for step in reversed(rest):
            inner = {step: inner}
        unfolded[first] = _joined(unfolded[first], inner) if first in unfolded else inner
    return unfolded


def _joined(one: Any, other: Any) -> Any:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return [one, other]
    joined = dict(one)
    for name, member in other.items():
        joined[name] = _joined(joined[name], member) if name in joined else member
    return joined


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidPattern(f"Path `{twice}` cannot be allowed multiple times")
    return members


def _refuse_constant(name: str) -> Any:
    raise InvalidPattern(f"{name} is not a number in JSON")
