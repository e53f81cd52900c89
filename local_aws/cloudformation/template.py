"""Templates: YAML with CloudFormation's short tags, or JSON, to plain data. Nothing in a template can run code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from local_aws.cloudformation.errors import ValidationError

SECTIONS = frozenset(
    {
        *("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings"),
        *("Conditions", "Resources", "Outputs"),
    }
)
UNSUPPORTED_SECTIONS = frozenset({"Rules", "Hooks"})
RESOURCE_MEMBERS = frozenset(
    {"Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"}
)
OUTPUT_MEMBERS = frozenset({"Value", "Description", "Condition"})
DELETE, RETAIN = "Delete", "Retain"
# is deleted where its creation is rolled back, and retained from then on
RETAIN_EXCEPT_ON_CREATE = "RetainExceptOnCreate"


@dataclass(frozen=True)
class Resource:
    """A resource as the template declares it; its properties hold functions still.

    `deletion_policy` is what becomes of it with the stack, `update_replace_policy` when another takes its place.
    """

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...]
    condition: str | None
    deletion_policy: str = DELETE
    update_replace_policy: str = DELETE


@dataclass(frozen=True)
class Template:
    """A template's sections, as data, without transforms."""

    description: str | None
    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Resource]
    outputs: Mapping[str, Mapping[str, Any]]


class _Loader(yaml.SafeLoader):
    """Safe YAML, with dates left as the text they are, and the short forms of functions."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def load_document(text: str) -> dict[str, Any]:
    """A template's text as data. Raises ValidationError, which says what is wrong and where."""
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)  # noqa: S506  a safe loader
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ValidationError(f"Template format error: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ValidationError("Template format error: unsupported structure.")
    if not isinstance(document.get("Resources"), dict) or not document["Resources"]:
        raise ValidationError("Template format error: At least one Resources member must be defined.")
    for section in ("Parameters", "Mappings", "Conditions", "Outputs"):
        _check_members(section, document.get(section) or {}, of_maps=section != "Conditions")
    return document


def parse_document(document: Mapping[str, Any]) -> Template:
    """A document without transforms as a template. Raises ValidationError."""
    for section in document:
        if section in UNSUPPORTED_SECTIONS:
            raise ValidationError(f"Template format error: {section} is not supported by this local AWS.")
        if section not in SECTIONS:
            raise ValidationError(f"Template format error: {section} is not a section of a template.")
    outputs = document.get("Outputs") or {}
    for name, output in outputs.items():
        _check_output(name, output)
    return Template(
        description=document.get("Description"),
        parameters=document.get("Parameters") or {},
        mappings=document.get("Mappings") or {},
        conditions=document.get("Conditions") or {},
        resources={name: _resource(name, declared) for name, declared in document["Resources"].items()},
        outputs=outputs,
    )


def _check_members(section: str, members: Any, of_maps: bool) -> None:
    if not isinstance(members, dict):
        raise ValidationError(f"Template format error: {section} must be a map.")
    for name, member in members.items():
        if of_maps and not isinstance(member, dict):
            raise ValidationError(f"Template format error: Every {section} member must be a map, {name} is none.")


def _check_output(name: str, output: Mapping[str, Any]) -> None:
    if "Value" not in output:
        raise ValidationError(f"Template format error: Output {name} needs a Value.")
    for member in output:
        if member not in OUTPUT_MEMBERS:
            raise ValidationError(
                f"Template format error: {member} of output {name} is not supported by this local AWS."
            )


def _resource(name: str, declared: Any) -> Resource:
    if not isinstance(declared, dict) or not isinstance(declared.get("Type"), str):
        raise ValidationError(f"Template format error: Resource {name} needs a Type.")
    for member in declared:
        if member not in RESOURCE_MEMBERS:
            raise ValidationError(f"Template format error: {member} of resource {name} is not supported here.")
    properties = declared.get("Properties") or {}
    if not isinstance(properties, dict):
        raise ValidationError(f"Template format error: Properties of resource {name} must be a map.")
    depends_on = declared.get("DependsOn") or []
    return Resource(
        logical_id=name,
        type=declared["Type"],
        properties=properties,
        depends_on=tuple([depends_on] if isinstance(depends_on, str) else depends_on),
        condition=declared.get("Condition"),
        deletion_policy=_policy(name, declared, "DeletionPolicy", (DELETE, RETAIN, RETAIN_EXCEPT_ON_CREATE)),
        update_replace_policy=_policy(name, declared, "UpdateReplacePolicy", (DELETE, RETAIN)),
    )


def _policy(name: str, declared: Mapping[str, Any], member: str, known: tuple[str, ...]) -> str:
    policy = declared.get(member, DELETE)
    if policy not in known:
        raise ValidationError(
            f"Template error: {member} {policy} of resource {name} is not supported by this local AWS; "
            f"supported: {', '.join(known)}."
        )
    return str(policy)
