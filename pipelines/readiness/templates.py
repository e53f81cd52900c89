"""The project's CloudFormation templates: found, read with the place of each value, and held against the limits.

Comments matter here (a wildcard in a policy wants its reason beside it), so templates are read as YAML nodes, which
know their lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipelines.readiness.finding import Finding, judged

PATTERN = "template*.y*ml"
NOT_OURS = frozenset({"build", "node_modules", "dist"})
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
INLINE_BYTES, STORED_BYTES = 51_200, 1_048_576
MOST_RESOURCES, MOST_PARAMETERS, MOST_OUTPUTS = 500, 200, 200
LONGEST_DESCRIPTION = 1024
SAM = "AWS::Serverless-2016-10-31"
# where a SAM template names code by a path of this machine, `sam package` puts an address in S3
PACKAGED = "s3://bucket/packaged"


@dataclass(frozen=True)
class Template:
    """A template: its place below the root, its text, and the document with short forms written out."""

    path: Path
    name: str
    text: str
    document: dict[str, Any]
    root: yaml.MappingNode

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.document.get("Resources", {})
        return found

    @property
    def needs_sam(self) -> bool:
        declared = self.document.get("Transform", [])
        return SAM in (declared if isinstance(declared, list) else [declared])


def find_templates(root: Path) -> list[Template]:
    """Every template below the folder, hidden and built folders left out. Raises yaml.YAMLError."""
    paths = (path for path in root.rglob(PATTERN) if not _is_left_out(path.relative_to(root)))
    return [read_template(path, str(path.relative_to(root))) for path in sorted(paths)]


def read_template(path: Path, name: str | None = None) -> Template:
    """Raises yaml.YAMLError, OSError."""
    text = path.read_text(encoding="utf-8")
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        raise yaml.YAMLError(f"{path}: a template is a mapping")
    return Template(path, name or path.name, text, value_of(node), node)


def value_of(node: yaml.Node) -> Any:
    """The value of a node; CloudFormation's short forms in their long ones: !Sub x is {"Fn::Sub": x}."""
    tag = node.tag
    if tag.startswith("!") and not tag.startswith("!!"):
        name = tag[1:]
        plain = _plain(node)
        if name == "GetAtt" and isinstance(plain, str):
            plain = plain.split(".", 1)
        return {name if name in ("Ref", "Condition") else f"Fn::{name}": plain}
    return _plain(node)


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(value_of(key)): value_of(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item) for item in node.value]
    if node.tag.startswith("!"):
        return node.value
    loader = yaml.SafeLoader("")
    try:
        # dates stay text: 2012-10-17 is the version of a policy
        return node.value if node.tag.endswith(":timestamp") else loader.construct_object(node)
    finally:
        loader.dispose()


def sizes(templates: list[Template], inline: frozenset[str]) -> Finding:
    """Sizes and counts. `inline` names the templates that are sent in the request itself, not through S3."""
    problems = [problem for template in templates for problem in _size_problems(template, inline)]
    largest = max(templates, key=lambda one: len(one.text.encode()), default=None)
    fine = f"{len(templates)} templates" + (
        f", the largest {largest.name} with {len(largest.text.encode()):,} bytes" if largest else ""
    )
    return judged("Template limits", problems, fine, "split the template, or deploy it through S3")


def _size_problems(template: Template, inline: frozenset[str]) -> Iterator[str]:
    size, limit = len(template.text.encode()), INLINE_BYTES if template.name in inline else STORED_BYTES
    if size > limit:
        yield f"{template.name} has {size:,} bytes of at most {limit:,}"
    counts = {"Resources": MOST_RESOURCES, "Parameters": MOST_PARAMETERS, "Outputs": MOST_OUTPUTS}
    for section, most in counts.items():
        count = len(template.document.get(section, {}))
        if count > most:
            yield f"{template.name} has {count} {section.lower()} of at most {most}"
    if len(str(template.document.get("Description", ""))) > LONGEST_DESCRIPTION:
        yield f"{template.name}: its description is longer than {LONGEST_DESCRIPTION} characters"


def transformed(templates: list[Template]) -> Finding:
    """SAM's own translation of the templates that ask for it, by the pinned aws-sam-translator; touches no service."""
    wanted = [template for template in templates if template.needs_sam]
    problems, made = [], 0
    for template in wanted:
        try:
            made += len(translate(template)["Resources"])
        except ValueError as error:
            problems.append(f"{template.name}: {error}")
    fine = f"{len(wanted)} templates become {made} resources"
    return judged("SAM transform", problems, fine, "correct the template")


def translate(template: Template, region: str = "us-east-1") -> dict[str, Any]:
    """The template as CloudFormation gets it after SAM's transform. Raises ValueError with SAM's reasons."""
    import boto3
    from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    document = _packaged(json.loads(json.dumps(template.document)))
    defaults = {name: one.get("Default", "x") for name, one in document.get("Parameters", {}).items()}
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        found: dict[str, Any] = translator.translate(document, defaults)
    except InvalidDocumentException as error:
        raise ValueError(" ".join([error.message, *(cause.message for cause in error.causes)])) from error
    except ExceptionWithMessage as error:
        raise ValueError(error.message) from error
    return found


def _packaged(document: dict[str, Any]) -> dict[str, Any]:
    functions = document.get("Globals", {}).get("Function", {})
    places = [functions, *(one.get("Properties", {}) for one in document.get("Resources", {}).values())]
    for properties in places:
        for member in ("CodeUri", "DefinitionUri"):
            value = properties.get(member)
            if isinstance(value, str) and not value.startswith("s3://"):
                properties[member] = PACKAGED
    return document


def _is_left_out(path: Path) -> bool:
    return any(part.startswith(".") or part in NOT_OURS for part in path.parts[:-1])
