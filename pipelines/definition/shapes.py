"""Comparing a step's Arguments with botocore's model of the request that the service will make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipelines.definition.document import is_expression
from pipelines.definition.patterns import compile_pattern
from pipelines.definition.problem import Problem

if TYPE_CHECKING:
    from botocore.model import ServiceModel, Shape

# What a slot of each botocore type takes, in the types that expressions have (`types.py`).
ACCEPTED = {
    "string": {"String"},
    "integer": {"Integer"},
    "long": {"Integer"},
    "float": {"Integer", "Float"},
    "double": {"Integer", "Float"},
    "boolean": {"Boolean"},
    "structure": {"structure"},
    "list": {"list"},
    "map": {"map"},
}
LITERALS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}

ExpressionType = Callable[[Mapping[str, Any]], str]


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """SageMaker's service model as botocore ships it (0.1 s, once)."""
    import botocore.session

    return botocore.session.get_session().get_service_model("sagemaker")


def check_shape(
    value: Any, shape: Shape, path: str, type_of: ExpressionType, without: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """Problems of a value against a shape: required, unknown, type, enum, pattern, length, range.

    `type_of` tells the type of an expression ("String", "Integer", "Float", "Boolean", "structure", "list",
    "map", or "Any" if only an execution can tell). `without`: required members that the pipeline service
    fills in itself.
    """
    if is_expression(value):
        actual = type_of(value)
        if actual != "Any" and actual not in ACCEPTED.get(shape.type_name, {actual}):
            wanted = f"{shape.name} wants {shape.type_name}{_advice(actual, shape)}"
            yield Problem(path, f"is {actual} in an execution, but {wanted}")
    elif shape.type_name == "structure":
        yield from _check_structure(value, shape, path, type_of, without)
    elif shape.type_name == "list":
        yield from _check_list(value, shape, path, type_of)
    elif shape.type_name == "map":
        yield from _check_map(value, shape, path, type_of)
    else:
        yield from _check_literal(value, shape, path)


def _check_structure(
    value: Any, shape: Any, path: str, type_of: ExpressionType, without: frozenset[str]
) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, f"is {_kind(value)}, but {shape.name} is a structure")
        return
    for name in shape.required_members:
        if name not in value and name not in without:
            yield Problem(path, f"{name} is missing: {shape.name} requires it")
    for name, item in value.items():
        if name not in shape.members:
            yield Problem(f"{path}.{name}", f"is unknown: {shape.name} has {', '.join(shape.members)}")
        elif item is not None:
            yield from check_shape(item, shape.members[name], f"{path}.{name}", type_of)
        else:
            yield Problem(f"{path}.{name}", "is null: leave it out")


def _check_list(value: Any, shape: Any, path: str, type_of: ExpressionType) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(path, f"is {_kind(value)}, but {shape.name} is a list")
        return
    yield from _check_size(len(value), "items", shape, path)
    for index, item in enumerate(value):
        yield from check_shape(item, shape.member, f"{path}[{index}]", type_of)


def _check_map(value: Any, shape: Any, path: str, type_of: ExpressionType) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, f"is {_kind(value)}, but {shape.name} is a map")
        return
    yield from _check_size(len(value), "entries", shape, path)
    for key, item in value.items():
        yield from _check_literal(key, shape.key, f"{path} key {key!r}")
        yield from check_shape(item, shape.value, f"{path}.{key}", type_of)


def _check_literal(value: Any, shape: Shape, path: str) -> Iterator[Problem]:
    wanted = LITERALS.get(shape.type_name)
    if wanted is None:
        return
    # In Python a bool is an int; for the service it is not.
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield Problem(path, f"is {_kind(value)}, but {shape.name} wants {shape.type_name}")
    elif isinstance(value, str):
        yield from _check_string(value, shape, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _check_range(value, shape, path)


def _check_string(value: str, shape: Any, path: str) -> Iterator[Problem]:
    enum = getattr(shape, "enum", [])
    if enum and value not in enum:
        yield Problem(path, f"{value!r} is not one of {', '.join(enum[:12])}{' …' if len(enum) > 12 else ''}")
    yield from _check_size(len(value), "characters", shape, path)
    pattern = shape.metadata.get("pattern")
    compiled = compile_pattern(pattern) if pattern else None
    if compiled is not None and not compiled.fullmatch(value):
        yield Problem(path, f"{value!r} does not match {pattern}")


def _check_size(size: int, unit: str, shape: Shape, path: str) -> Iterator[Problem]:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    if size < low:
        yield Problem(path, f"has {size} {unit}, at least {low} are wanted")
    if high is not None and size > high:
        yield Problem(path, f"has {size} {unit}, at most {high} are allowed")


def _check_range(value: float, shape: Shape, path: str) -> Iterator[Problem]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield Problem(path, f"{value} is below {low}")
    if high is not None and value > high:
        yield Problem(path, f"{value} is above {high}")


def _advice(actual: str, shape: Shape) -> str:
    is_number = actual in {"Integer", "Float", "Boolean"}
    return " (use .to_string())" if shape.type_name == "string" and is_number else ""


def _kind(value: Any) -> str:
    names = {
        dict: "a structure",
        list: "a list",
        str: "a string",
        bool: "a boolean",
        int: "an integer",
        float: "a float",
    }
    return names.get(type(value), "null" if value is None else type(value).__name__)
