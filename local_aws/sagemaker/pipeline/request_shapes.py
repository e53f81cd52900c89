"""Checks a step's arguments against the request of the API call they will become.

Expressions are let through, whatever they stand for: the call itself checks what they turn out to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from local_aws.sagemaker.pipeline.expressions import BadExpression, expression_kind
from local_aws.sagemaker.validation import input_shape

# Members of a request that the pipeline service does not take (the SDK takes them out for that reason).
NOT_IN_PIPELINES = {"CreateModelPackage": frozenset({"CertifyForMarketplace"})}


class BadArgument(Exception):
    """An argument that the API call does not have, or of another type; the message says which."""


def check_arguments(operation: str, arguments: Mapping[str, Any]) -> None:
    """Raises BadArgument for a member that the operation's request lacks, a wrong JSON type or enum value."""
    refused = NOT_IN_PIPELINES.get(operation, frozenset()) & set(arguments)
    if refused:
        raise BadArgument(f"Arguments: Unknown Argument member '{min(refused)}'")
    _check_structure(input_shape(operation), arguments, "Arguments")


def _check(shape: Shape, value: Any, where: str) -> None:
    try:
        if value is None or expression_kind(value):
            return
    except BadExpression as error:
        raise BadArgument(f"{where}: {error}") from error
    if isinstance(shape, StructureShape):
        _check_structure(shape, value, where)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise BadArgument(f"{where}: Expecting start of Json Array")
        for position, member in enumerate(value):
            _check(shape.member, member, f"{where}[{position}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            raise BadArgument(f"{where}: Expecting start of Json Object")
        for key, member in value.items():
            _check(shape.value, member, f"{where}.{key}")
    elif isinstance(value, dict | list):
        raise BadArgument(f"{where}: Expecting a {shape.type_name}, not {type(value).__name__}")
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        raise BadArgument(f"{where}: Value '{value}' failed to satisfy enum value set: [{allowed}]")


def _check_structure(shape: StructureShape, value: Any, where: str) -> None:
    if not isinstance(value, Mapping):
        raise BadArgument(f"{where}: Expecting start of Json Object")
    for name, member in value.items():
        if name not in shape.members:
            raise BadArgument(f"{where}: Unknown Argument member '{name}'")
        _check(shape.members[name], member, f"{where}.{name}")
