"""Paths into an event: the part of JSONPath that EventBridge takes.

Dots, numeric indices and wildcards; no quoted brackets, filters or slices.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

STEP = re.compile(r"\.(?P<name>[^.\[\]'\"<>*\s]+)|\[(?P<index>[0-9]{1,9})\]|(?P<every>\.\*|\[\*\])")


class InvalidPath(ValueError):
    """The text is no path that EventBridge takes."""


class NothingThere(LookupError):
    """The path leads to nothing in this event."""


class _Every:
    """The step to all members of an object or list."""


EVERY = _Every()


@dataclass(frozen=True)
class JsonPath:
    """A path that can be followed in any event. Each step is a name, an index or EVERY."""

    text: str
    steps: tuple[Any, ...]

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        """The path "$", "$.detail.items[0].name" or "$.detail.items[*].name". Raises InvalidPath."""
        if not text.startswith("$"):
            raise InvalidPath(f"{text!r} does not begin with $")
        steps: list[Any] = []
        place = 1
        while place < len(text):
            match = STEP.match(text, place)
            if match is None:
                raise InvalidPath(f"{text!r} cannot be read from {text[place:]!r} on")
            if match["every"]:
                steps.append(EVERY)
            else:
                steps.append(match["name"] if match["name"] is not None else int(match["index"]))
            place = match.end()
        return cls(text, tuple(steps))

    def find(self, event: Any) -> Any:
        """What is there; with a wildcard, the list of all that is there. Raises NothingThere."""
        found = [event]
        for step in self.steps:
            found = [value for parent in found for value in _step(parent, step)]
        if EVERY in self.steps:
            return found
        if not found:
            raise NothingThere(self.text)
        return found[0]


def _step(parent: Any, step: Any) -> list[Any]:
    if step is EVERY:
        members = parent.values() if isinstance(parent, dict) else parent
        return list(members) if isinstance(parent, (dict, list)) else []
    if isinstance(step, int):
        return [parent[step]] if isinstance(parent, list) and step < len(parent) else []
    return [parent[step]] if isinstance(parent, dict) and step in parent else []
