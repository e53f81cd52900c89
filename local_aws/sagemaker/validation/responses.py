"""Whether a response is what the service model promises: for tests, so that no handler invents a member."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.sagemaker.validation.constraints import broken_constraints, is_scalar_of
from local_aws.sagemaker.validation.service_model import output_shape


def response_problems(operation: str, response: dict[str, Any]) -> list[str]:
    """What in a handler's response does not fit the output shape: members, types, constraints.

    Each problem names its path ("Summaries[0].Nmae: unknown member"). Timestamps are expected as aware
    datetimes. None counts as absent, as the wire drops it.
    """
    return list(_problems(output_shape(operation), response, ""))


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{path}: {type(value).__name__} where a list belongs"
            return
        for index, element in enumerate(value):
            yield from _problems(shape.member, element, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"{path}: {type(value).__name__} where a map belongs"
            return
        for key, element in value.items():
            yield from _problems(shape.value, element, f"{path}[{key!r}]")
    else:
        yield from _scalar_problems(shape, value, path)


def _structure_problems(shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {type(value).__name__} where a structure belongs"
        return
    for name, member in value.items():
        place = f"{path}.{name}" if path else name
        if name not in shape.members:
            yield f"{place}: unknown member"
        elif member is not None:
            yield from _problems(shape.members[name], member, place)
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{path}.{name}: missing".lstrip(".")


def _scalar_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not is_scalar_of(shape, value):
        yield f"{path}: {type(value).__name__} {value!r} where a {shape.type_name} belongs"
    elif shape.type_name == "timestamp" and value.tzinfo is None:
        yield f"{path}: a datetime without a time zone"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{path}: {value} cannot be written as JSON"
    else:
        yield from (f"{path}: {constraint}" for constraint in broken_constraints(shape, value))
