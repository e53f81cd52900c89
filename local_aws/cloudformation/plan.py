"""The order in which a stack's resources are made, and what changes between two versions of it."""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.cloudformation.errors import InsufficientCapabilities, ValidationError
from local_aws.cloudformation.functions import PSEUDO, references
from local_aws.cloudformation.resources import RESOURCE_TYPES
from local_aws.cloudformation.template import Resource, Template

NAMED_IAM, IAM = "CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"


def check_template(template: Template) -> None:
    """What can be known before anything is made. Raises ValidationError."""
    known = {*template.parameters, *template.resources, *PSEUDO, "AWS::NoValue"}
    for resource in template.resources.values():
        unresolved = sorted({*references(dict(resource.properties)), *resource.depends_on} - known)
        if unresolved:
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies [{', '.join(unresolved)}] "
                "in the Resources block of the template"
            )
    unresolved = sorted({*references(list(template.outputs.values()))} - known)
    if unresolved:
        raise ValidationError(
            f"Template format error: Unresolved resource dependencies [{', '.join(unresolved)}] "
            "in the Outputs block of the template"
        )
    in_order(template.resources)


def check_capabilities(template: Template, given: list[str]) -> None:
    """Raises InsufficientCapabilities where the template makes roles that the request does not acknowledge."""
    roles = [resource for resource in template.resources.values() if resource.type.startswith("AWS::IAM::")]
    named = [role for role in roles if "RoleName" in role.properties]
    if named and NAMED_IAM not in given:
        raise InsufficientCapabilities(f"Requires capabilities : [{NAMED_IAM}]")
    if roles and not {IAM, NAMED_IAM} & set(given):
        raise InsufficientCapabilities(f"Requires capabilities : [{IAM}]")


def unsupported(resource: Resource) -> str | None:
    """Why a resource cannot be made here, None where it can."""
    kind = RESOURCE_TYPES.get(resource.type)
    if kind is None:
        supported = ", ".join(RESOURCE_TYPES)
        return f"Resource type {resource.type} is not supported by this local AWS; supported: {supported}."
    extra = sorted(set(resource.properties) - kind.properties)
    return f"Properties {', '.join(extra)} of {resource.type} are not supported by this local AWS." if extra else None


def in_order(resources: Mapping[str, Resource]) -> list[Resource]:
    """Every resource after those that it depends on. Raises ValidationError for a cycle."""
    waiting = dict(resources)
    ordered: list[Resource] = []
    while waiting:
        ready = [one for one in waiting.values() if not _needs(one, waiting)]
        if not ready:
            names = ", ".join(waiting)
            raise ValidationError(f"Template error: Circular dependency between resources: [{names}]")
        for resource in ready:
            ordered.append(waiting.pop(resource.logical_id))
    return ordered


def _needs(resource: Resource, waiting: Mapping[str, Resource]) -> set[str]:
    named = {*references(dict(resource.properties)), *resource.depends_on}
    return named & set(waiting)
