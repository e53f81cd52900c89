"""Single constraints of a shape, and how the service words their violation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.sagemaker.validation.patterns import matches

INTEGER_BITS = {"integer": 32, "long": 64}
NUMBERS = (*INTEGER_BITS, "float", "double")
SCALARS = (*NUMBERS, "string", "boolean", "timestamp")
LONGEST_SHOWN = 1024


@dataclass(frozen=True)
class Violation:
    """One broken constraint; `shown` is the value as the message prints it, None where it is kept secret."""

    path: str
    constraint: str
    shown: str | None = None

    @classmethod
    def of(cls, path: str, constraint: str, value: Any, shape: Shape) -> Violation:
        """A violation by `value`, which the message quotes unless the shape is sensitive."""
        if shape.metadata.get("sensitive"):
            return cls(path, constraint)
        return cls(path, constraint, f"'{_cut(java_text(value, shape))}'")

    def __str__(self) -> str:
        value = f"Value {self.shown}" if self.shown else "Value"
        return f"{value} at '{self.path}' failed to satisfy constraint: {self.constraint}"


def constraints(shape: Shape, value: Any) -> Iterator[tuple[str, bool]]:
    """Every constraint of length, range, enum and pattern that the shape states, and whether it is kept.

    The value has the shape's type already.
    """
    maximum, minimum, enum, pattern = (shape.metadata.get(name) for name in ("max", "min", "enum", "pattern"))
    measure, size = ("value", value) if shape.type_name in NUMBERS else ("length", _length(value))
    if maximum is not None:
        yield f"Member must have {measure} less than or equal to {maximum}", size <= maximum
    if minimum is not None:
        yield f"Member must have {measure} greater than or equal to {minimum}", size >= minimum
    if enum:
        yield f"Member must satisfy enum value set: [{', '.join(enum)}]", value in enum
    if pattern is not None:
        yield f"Member must satisfy regular expression pattern: {pattern}", matches(pattern, value)


def broken_constraints(shape: Shape, value: Any) -> list[str]:
    """The wordings of those constraints that the value breaks."""
    return [words for words, kept in constraints(shape, value) if not kept]


def is_scalar_of(shape: Shape, value: Any) -> bool:
    """Whether a value has the type of a scalar shape: a datetime for a timestamp, no bool for a number,
    an integer within 32 or 64 bits."""
    if shape.type_name == "string":
        return isinstance(value, str)
    if shape.type_name == "boolean":
        return isinstance(value, bool)
    if shape.type_name == "timestamp":
        return isinstance(value, datetime)
    if isinstance(value, bool):
        return False
    if shape.type_name in INTEGER_BITS:
        half = 1 << (INTEGER_BITS[shape.type_name] - 1)
        return isinstance(value, int) and -half <= value < half
    return isinstance(value, (int, float))


def java_text(value: Any, shape: Shape) -> str:
    """A value as Java's `toString` shows it: [a, b], {k=v}, and for a structure Name(member=v)."""
    if isinstance(shape, ListShape) and isinstance(value, list):
        return f"[{', '.join(java_text(element, shape.member) for element in value)}]"
    if isinstance(shape, MapShape) and isinstance(value, dict):
        entries = (f"{key}={java_text(element, shape.value)}" for key, element in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = (
            f"{name[:1].lower()}{name[1:]}={java_text(element, shape.members[name])}"
            for name, element in value.items()
            if name in shape.members
        )
        return f"{shape.name}({', '.join(members)})"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (str, list, dict)) else 0


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}... ({len(text)} characters)"
