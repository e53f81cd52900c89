"""The rule of a composite alarm: which states of other alarms put it into alarm.

The language: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html (AlarmRule)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
TOKEN = re.compile(r"\s*(?:(?P<sign>[()])|(?P<word>[A-Z_]+)(?=[\s()]|$))")
# "name", or a bare name or ARN up to the parenthesis
NAMED = re.compile(r'\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^"()]+?))\s*\)')
MOST_ELEMENTS = 500
MOST_ALARMS = 100
DEEPEST = 50


class RuleError(ValueError):
    """The text is no rule; the message says where."""


@dataclass(frozen=True)
class Rule:
    """A part of a rule: `kind` is AND, OR, NOT, TRUE, FALSE, or the state that alarm `name` is to have."""

    kind: str
    name: str = ""
    parts: tuple[Rule, ...] = ()

    def names(self) -> Iterator[str]:
        """The alarms that it refers to, as the text has them: names, or ARNs; some perhaps twice."""
        if self.name:
            yield self.name
        for part in self.parts:
            yield from part.names()

    def holds(self, state_of: Callable[[str], str]) -> bool:
        """Whether it is true; `state_of` gives an alarm's state by what `names` gives."""
        if self.kind == "AND":
            return all(part.holds(state_of) for part in self.parts)
        if self.kind == "OR":
            return any(part.holds(state_of) for part in self.parts)
        if self.kind == "NOT":
            return not self.parts[0].holds(state_of)
        return self.kind == "TRUE" if not self.name else state_of(self.name) == self.kind

    def elements(self) -> int:
        """How many conditions and operators it is made of."""
        own = len(self.parts) - 1 if self.kind in ("AND", "OR") else 1
        return own + sum(part.elements() for part in self.parts)


def parse(text: str) -> Rule:
    """The rule in a text. Raises RuleError."""
    reader = _Reader(text)
    rule = reader.alternatives()
    reader.expect_end()
    if rule.elements() > MOST_ELEMENTS:
        raise RuleError(f"more than {MOST_ELEMENTS} elements")
    if len(set(rule.names())) > MOST_ALARMS:
        raise RuleError(f"more than {MOST_ALARMS} alarms")
    return rule


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text.rstrip()
        self._position = 0
        self._depth = 0

    def alternatives(self) -> Rule:
        return self._joined("OR", lambda: self._joined("AND", self._negated))

    def expect_end(self) -> None:
        if self._position < len(self._text):
            raise RuleError(f"unexpected {self._rest()!r}")

    def _joined(self, operator: str, part: Callable[[], Rule]) -> Rule:
        parts = [part()]
        while self._take(operator):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Rule(operator, parts=tuple(parts))

    def _negated(self) -> Rule:
        self._depth += 1
        if self._depth > DEEPEST:
            raise RuleError(f"nested deeper than {DEEPEST}")
        rule = Rule("NOT", parts=(self._negated(),)) if self._take("NOT") else self._condition()
        self._depth -= 1
        return rule

    def _condition(self) -> Rule:
        if self._take("("):
            rule = self.alternatives()
            if not self._take(")"):
                raise RuleError(f"a closing parenthesis is missing before {self._rest()!r}")
            return rule
        for truth in ("TRUE", "FALSE"):
            if self._take(truth):
                return Rule(truth)
        for state in STATES:
            if self._take(state):
                return Rule(state, self._name(state))
        raise RuleError(f"a condition such as ALARM(name) is wanted where {self._rest()!r} stands")

    def _name(self, state: str) -> str:
        found = NAMED.match(self._text, self._position)
        if found is None:
            raise RuleError(f"{state} wants an alarm's name in parentheses, not {self._rest()!r}")
        self._position = found.end()
        return str(found["quoted"] or found["bare"])

    def _take(self, token: str) -> bool:
        found = TOKEN.match(self._text, self._position)
        if found is None or (found["sign"] or found["word"]) != token:
            return False
        self._position = found.end()
        return True

    def _rest(self) -> str:
        rest = self._text[self._position :].strip()
        return rest[:40] if rest else "the end"
