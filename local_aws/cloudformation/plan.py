"""What a template asks for as a whole: the order of its resources, what they refer to, what has to be acknowledged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.cloudformation.errors import InsufficientCapabilities, ValidationError
from local_aws.cloudformation.functions import FUNCTIONS, PSEUDO, functions_in, references
from local_aws.cloudformation.template import Resource, Template

NAMED_IAM, IAM, AUTO_EXPAND = "CAPABILITY_NAMED_IAM", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"


def check_template(template: Template) -> None:
    """What can be known before anything is made. Raises ValidationError."""
    known = {*template.parameters, *template.resources, *PSEUDO, "AWS::NoValue"}
    properties = [dict(resource.properties) for resource in template.resources.values()]
    outputs = list(template.outputs.values())
    others = sorted({*functions_in(properties), *functions_in(outputs)} - FUNCTIONS)
    if others:
        raise ValidationError(f"Template error: {', '.join(others)}: not supported by this local AWS.")
    depended_on = (name for resource in template.resources.values() for name in resource.depends_on)
    _check_references({*references(properties), *depended_on} - known, "Resources")
    _check_references({*references(outputs)} - known, "Outputs")
    in_order(template.resources)


def check_transforms(transforms: Sequence[str], given: Sequence[str]) -> None:
    """Raises InsufficientCapabilities where the request does not acknowledge that a template is transformed."""
    if transforms and AUTO_EXPAND not in given:
        raise InsufficientCapabilities(f"Requires capabilities : [{AUTO_EXPAND}]")


def check_capabilities(resources: Mapping[str, Any], given: Sequence[str]) -> None:
    """Raises InsufficientCapabilities where resources, as declared, are roles that the request does not acknowledge."""
    needed = required_capabilities(resources)
    if needed and not {NAMED_IAM, *needed} & set(given):
        raise InsufficientCapabilities(f"Requires capabilities : [{needed[0]}]")


def required_capabilities(resources: Mapping[str, Any]) -> list[str]:
    """The capability that making these resources, as declared, has to be acknowledged by; none without a role."""
    declared = [one for one in resources.values() if isinstance(one, Mapping)]
    roles = [one for one in declared if str(one.get("Type")).startswith("AWS::IAM::")]
    named = any("RoleName" in (role.get("Properties") or {}) for role in roles)
    return [NAMED_IAM if named else IAM] if roles else []


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


def _check_references(unresolved: set[str], block: str) -> None:
    if unresolved:
        raise ValidationError(
            f"Template format error: Unresolved resource dependencies [{', '.join(sorted(unresolved))}] "
            f"in the {block} block of the template"
        )


def _needs(resource: Resource, waiting: Mapping[str, Resource]) -> set[str]:
    named = {*references(dict(resource.properties)), *resource.depends_on}
    return named & set(waiting)
