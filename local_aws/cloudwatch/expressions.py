"""The text of a metric math expression as a tree.

The language: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(\.\d*)?([eE][-+]?\d+)?|\.\d+)|(?P<word>[A-Za-z]\w*)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],]))"
)
SAME = {"&&": "AND", "||": "OR"}
# from the loosest to the tightest
LEVELS = (("OR",), ("AND",), ("==", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/"))
DEEPEST = 50
LONGEST = 500


class ExpressionError(ValueError):
    """The expression is not one, or uses what is not supported here."""


@dataclass(frozen=True)
class Node:
    """A part of an expression: `kind` is number, name, word, text, call, list, negation or operation."""

    kind: str
    text: str
    parts: tuple[Node, ...] = ()

    def names(self) -> Iterator[str]:
        """The ids of metrics and of other expressions that it refers to."""
        if self.kind == "name":
            yield self.text
        for part in self.parts:
            yield from part.names()


def parse(expression: str) -> Node:
    """The tree of an expression. Raises ExpressionError."""
    reader = _Reader(expression)
    tree = reader.level(0)
    if reader.peek() is not None:
        raise ExpressionError(f"unexpected {reader.peek()!r} in {expression!r}")
    return tree


class _Reader:
    """Reads tokens one after the other, by precedence."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = list(_tokens(expression))
        if len(self._tokens) > LONGEST:
            raise ExpressionError(f"an expression of more than {LONGEST} names, numbers and signs")
        self._position = 0
        self._depth = 0

    def peek(self) -> str | None:
        """The next token's text; None at the end."""
        return self._tokens[self._position][1] if self._position < len(self._tokens) else None

    def level(self, level: int) -> Node:
        """Everything that binds at least as tightly as the operators of a level."""
        if level == len(LEVELS):
            return self._signed()
        left = self.level(level + 1)
        while (sign := SAME.get(self.peek() or "", self.peek())) in LEVELS[level]:
            self._position += 1
            left = Node("operation", str(sign), (left, self.level(level + 1)))
        return left

    def _signed(self) -> Node:
        if self.peek() == "-":
            self._position += 1
            return Node("negation", "-", (self._signed(),))
        base = self._atom()
        if self.peek() == "^":
            self._position += 1
            return Node("operation", "^", (base, self._signed()))
        return base

    def _atom(self) -> Node:
        if self._position == len(self._tokens):
            raise ExpressionError(f"{self._expression!r} ends too early")
        kind, text = self._tokens[self._position]
        self._position += 1
        if text == "(":
            (inner,) = self._several(")", 1)
            return inner
        if text == "[":
            return Node("list", "", self._several("]"))
        if kind == "sign":
            raise ExpressionError(f"unexpected {text!r} in {self._expression!r}")
        if kind == "word" and text[0].islower():
            return Node("name", text)
        if kind == "word" and self.peek() == "(":
            self._position += 1
            return Node("call", text, self._several(")"))
        return Node(kind, text)

    def _several(self, end: str, limit: int | None = None) -> tuple[Node, ...]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"parentheses are nested deeper than {DEEPEST} in an expression")
        found: list[Node] = []
        while self.peek() != end or (not found and limit):
            if found:
                self._expect(",")
            found.append(self.level(0))
            if len(found) == limit:
                break
        self._expect(end)
        self._depth -= 1
        return tuple(found)

    def _expect(self, text: str) -> None:
        if self.peek() != text:
            raise ExpressionError(f"{text!r} expected before {self.peek() or 'the end'!r} in {self._expression!r}")
        self._position += 1


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    position = 0
    expression = expression.rstrip()
    while position < len(expression):
        found = TOKEN.match(expression, position)
        if found is None:
            raise ExpressionError(f"unexpected {expression[position:].strip()[:1]!r} in {expression!r}")
        position = found.end()
        kind = str(found.lastgroup)
        yield kind, found[kind]
