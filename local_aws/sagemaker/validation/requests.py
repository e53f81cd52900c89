"""Whether a request is what the service would accept, said in the service's own words.

Two answers are possible. JSON of the wrong type (a number where a string belongs) is a
SerializationException, as from the service's parser. Everything else is one ValidationException that lists
all violations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.sagemaker.errors import ServiceError, ValidationException
from local_aws.sagemaker.validation.constraints import (
    SCALARS,
    Violation,
    broken_constraints,
    constraints,
    is_scalar_of,
)
from local_aws.sagemaker.validation.service_model import input_shape
from local_aws.sagemaker.validation.tag_rules import check_tag_keys


class SerializationException(ServiceError):
    """The request is not JSON of the shape that the operation takes."""

    code = "SerializationException"


def validate_request(operation: str, request: dict[str, Any]) -> None:
    """Check a request: required and known members, types, enums, patterns, lengths, ranges, unions, tag keys.

    `request` is as boto3 takes it: timestamps are datetimes, a member that is None counts as absent.
    Nothing in it is changed. Raises UnsupportedOperation for a name that SageMaker does not have,
    SerializationException for a value of the wrong type, ValidationException for the rest ("2 validation
    errors detected: Value 'a_b' at 'trainingJobName' failed to satisfy constraint: ...; ...").
    """
    validate_shape(input_shape(operation), request)
    check_tag_keys(request.get("Tags"))


def validate_shape(shape: StructureShape, request: dict[str, Any]) -> None:
    """Check a request of any service against its shape, as `validate_request` does, but for rules on tag keys.

    Raises SerializationException, ValidationException.
    """
    violations = list(_structure(shape, request, ""))
    if violations:
        count = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected"
        raise ValidationException(f"{count}: {'; '.join(str(violation) for violation in violations)}")


def _structure(shape: StructureShape, value: Any, path: str) -> Iterator[Violation]:
    _require_type(value, dict, shape, path)
    present = {name: member for name, member in value.items() if member is not None}
    known = f"[{', '.join(shape.members)}]"
    for name in present:
        if name not in shape.members:
            yield Violation(_member_path(path, name), f"Member is not known; the known members are: {known}")
    if shape.is_tagged_union and len(present) != 1:
        yield Violation.of(path, f"Exactly one member must be set of: {known}", value, shape)
    for name, member in shape.members.items():
        if name in present:
            yield from _value(member, present[name], _member_path(path, name))
        elif name in shape.required_members:
            yield Violation(_member_path(path, name), "Member must not be null", "null")


def _value(shape: Shape, value: Any, path: str) -> Iterator[Violation]:
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _list(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _map(shape, value, path)
    else:
        _require_scalar(value, shape, path)
        for constraint in broken_constraints(shape, value):
            yield Violation.of(path, constraint, value, shape)


def _list(shape: ListShape, value: Any, path: str) -> Iterator[Violation]:
    _require_type(value, list, shape, path)
    for constraint in broken_constraints(shape, value):
        yield Violation.of(path, constraint, value, shape)
    if any(element is None for element in value):
        yield Violation.of(path, "Member must not be null", value, shape)
        return
    if shape.member.type_name not in SCALARS:
        for position, element in enumerate(value, start=1):
            yield from _value(shape.member, element, f"{path}.{position}.member")
        return
    yield from _elements("Member must satisfy constraint", shape.member, value, value, shape, path)


def _map(shape: MapShape, value: Any, path: str) -> Iterator[Violation]:
    _require_type(value, dict, shape, path)
    for constraint in broken_constraints(shape, value):
        yield Violation.of(path, constraint, value, shape)
    if any(element is None for element in value.values()):
        yield Violation.of(path, "Map value must not be null", value, shape)
        return
    yield from _elements("Map keys must satisfy constraint", shape.key, list(value), value, shape, path)
    if shape.value.type_name in SCALARS:
        elements = list(value.values())
        yield from _elements("Map value must satisfy constraint", shape.value, elements, value, shape, path)
        return
    for key, element in value.items():
        yield from _value(shape.value, element, f"{path}.{key}.member")


def _elements(
    words: str, member: Shape, elements: list[Any], whole: Any, shape: Shape, path: str
) -> Iterator[Violation]:
    """The service reports scalars inside a collection once, naming every constraint of the member."""
    broken = None
    for element in elements:
        _require_scalar(element, member, path)
        if broken is None and broken_constraints(member, element):
            broken = element
    if broken is not None:
        stated = ", ".join(text for text, _ in constraints(member, broken))
        yield Violation.of(path, f"{words}: [{stated}]", whole, shape)


def _member_path(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _require_type(value: Any, wanted: type, shape: Shape, path: str) -> None:
    if not isinstance(value, wanted):
        raise _wrong_type(value, shape, path)


def _require_scalar(value: Any, shape: Shape, path: str) -> None:
    if not is_scalar_of(shape, value):
        raise _wrong_type(value, shape, path)


def _wrong_type(value: Any, shape: Shape, path: str) -> SerializationException:
    place = f"at '{path}'" if path else "at the top of the request"
    if isinstance(value, dict):
        return SerializationException(f"Start of structure or map found where not expected {place}.")
    if isinstance(value, list):
        return SerializationException(f"Start of list found where not expected {place}.")
    kind = _json_kind(value)
    if shape.type_name in ("structure", "map", "list"):
        return SerializationException(f"Expected {shape.type_name} or null {place}, found {kind}.")
    return SerializationException(f"{kind} can not be converted to {shape.type_name.capitalize()} {place}.")


def _json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).upper()}_VALUE"
    if isinstance(value, (int, float)):
        return "NUMBER_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else type(value).__name__
