"""Whether a resource can be made here: its type, its properties, and which of those have no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.cloudformation.errors import ValidationError
from local_aws.cloudformation.functions import Scope, decide, function_of
from local_aws.cloudformation.resources import RESOURCE_TYPES
from local_aws.cloudformation.resources.base import Properties
from local_aws.cloudformation.template import Resource, Template


def check_support(template: Template, scope: Scope) -> None:
    """Raises ValidationError, with everything that cannot be made. Resources whose condition is false are left out."""
    wanted = [one for one in template.resources.values() if one.condition is None or scope.holds(one.condition)]
    refused = [told for one in wanted for told in refusals(one, scope)]
    if refused:
        raise ValidationError(" ".join(refused))


def refusals(resource: Resource, scope: Scope) -> Iterator[str]:
    """Why a resource cannot be made here, a sentence each."""
    kind, name = RESOURCE_TYPES.get(resource.type), resource.logical_id
    if kind is None:
        yield (
            f"Resource {name}: the type {resource.type} is not supported by this local AWS; "
            f"supported: {', '.join(sorted(RESOURCE_TYPES))}."
        )
        return
    declared = decide(dict(resource.properties), scope)
    unknown = sorted(set(_beyond(declared, kind.properties)))
    if unknown:
        yield f"Resource {name}: of {resource.type} this local AWS does not support {', '.join(unknown)}."
    for missing in sorted(kind.required - set(declared)):
        yield f"Properties validation failed for resource {name} with message: #: required key [{missing}] not found."


def remark(kind: str, properties: Properties) -> str | None:
    """What a user should know of a resource that is there: which of its properties change nothing. None for nothing."""
    inert = sorted(name for name in RESOURCE_TYPES[kind].inert if _is_declared(properties, name))
    return f"declared, without effect on this local AWS: {', '.join(inert)}" if inert else None


def _is_declared(properties: Any, path: str) -> bool:
    name, _, below = path.partition(".")
    if not isinstance(properties, Mapping) or name not in properties:
        return False
    return not below or _is_declared(properties[name], below)


def _beyond(declared: Any, supported: frozenset[str], above: str = "") -> Iterator[str]:
    """The declared properties that are not among the supported ones, with dots; a function is taken as it is."""
    if isinstance(declared, list):
        for one in declared:
            yield from _beyond(one, supported, above)
    elif isinstance(declared, Mapping) and function_of(declared) is None:
        for name, value in declared.items():
            path = f"{above}{name}"
            if path in supported:
                continue
            if any(one.startswith(f"{path}.") for one in supported):
                yield from _beyond(value, supported, f"{path}.")
            else:
                yield path
