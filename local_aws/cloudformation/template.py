"""Templates: YAML with CloudFormation's short tags, or JSON, to plain data. Nothing in a template can run code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from local_aws.cloudformation.errors import ValidationError

# of a template in the request's body; CloudFormation quotas
LARGEST_BYTES = 51_200
SECTIONS = frozenset(
    {
        *("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings"),
        *("Conditions", "Resources", "Outputs", "Rules"),
    }
)
RESOURCE_MEMBERS = frozenset(
    {"Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"}
)


@dataclass(frozen=True)
class Resource:
    """A resource as the template declares it; its properties hold functions still."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...]
    condition: str | None
    retained: bool


@dataclass(frozen=True)
class Template:
    """A template's sections, as data."""

    text: str
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


def parse_template(text: str) -> Template:
    """Raises ValidationError, which says what is wrong and where."""
    if len(text.encode()) > LARGEST_BYTES:
        raise ValidationError(f"Template may not exceed {LARGEST_BYTES} bytes in size.")
    document = _load(text)
    for section in document:
        if section not in SECTIONS:
            told = "is not supported by this local AWS" if section == "Transform" else "is not a section of a template"
            raise ValidationError(f"Template format error: {section} {told}.")
    if not isinstance(document.get("Resources"), dict) or not document["Resources"]:
        raise ValidationError("Template format error: At least one Resources member must be defined.")
    return Template(
        text=text,
        description=document.get("Description"),
        parameters=document.get("Parameters") or {},
        mappings=document.get("Mappings") or {},
        conditions=document.get("Conditions") or {},
        resources={name: _resource(name, declared) for name, declared in document["Resources"].items()},
        outputs=document.get("Outputs") or {},
    )


def _load(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)  # noqa: S506  a safe loader
    except (ValueError, yaml.YAMLError) as error:
        raise ValidationError(f"Template format error: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ValidationError("Template format error: unsupported structure.")
    return document


def _resource(name: str, declared: Any) -> Resource:
    if not isinstance(declared, dict) or not isinstance(declared.get("Type"), str):
        raise ValidationError(f"Template format error: Resource {name} needs a Type.")
    for member in declared:
        if member not in RESOURCE_MEMBERS:
            raise ValidationError(f"Template format error: {member} of resource {name} is not supported here.")
    depends_on = declared.get("DependsOn") or []
    return Resource(
        logical_id=name,
        type=declared["Type"],
        properties=declared.get("Properties") or {},
        depends_on=tuple([depends_on] if isinstance(depends_on, str) else depends_on),
        condition=declared.get("Condition"),
        retained=declared.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"),
    )
