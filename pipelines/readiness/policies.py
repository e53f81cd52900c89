"""The policies in the templates: wildcards that nobody gives a reason for, and sizes that IAM refuses.

What an action is called and takes is cfn-lint's to know; here is judged what no linter can: whether a star is meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from pipelines.readiness.finding import Finding, judged
from pipelines.readiness.templates import Template, value_of

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, characters without white space
ROLE_INLINE_LIMIT, MANAGED_LIMIT, TRUST_LIMIT = 10_240, 6_144, 2_048
COMMENT = re.compile(r"(^|\s)#\s*\S")
# an address with a pseudo parameter for an id: written out it is longer than in the template
VARIABLE = re.compile(r"\$\{([^}!]+)\}")
PSEUDO = {"AWS::AccountId": "1" * 12, "AWS::Region": "ap-southeast-2", "AWS::Partition": "aws-us-gov"}
LONGEST_NAME = "n" * 64


@dataclass(frozen=True)
class Statement:
    """A statement of a policy: where it is, what it says, and its lines in the template (from 0, both included)."""

    resource: str
    value: dict[str, Any]
    first_line: int
    last_line: int

    @property
    def label(self) -> str:
        return f"{self.resource}.{self.value.get('Sid', f'line {self.first_line + 1}')}"

    @property
    def actions(self) -> list[str]:
        return [str(one) for one in as_list(self.value.get("Action", []))]

    @property
    def allows(self) -> bool:
        return self.value.get("Effect") == "Allow"


def check_policies(templates: list[Template]) -> Iterator[Finding]:
    """A finding on wildcards, one on sizes."""
    counted = [statement for template in templates for statement in statements(template)]
    unexplained = [
        f"{template.name}: {problem}"
        for template in templates
        for statement in statements(template)
        for problem in wildcards(statement, template)
    ]
    fine = f"{len(counted)} statements, every * has its reason beside it or stands below a name"
    yield judged("Policy wildcards", unexplained, fine, "name what is meant, or say beside it why it cannot be named")
    too_long = [f"{template.name}: {problem}" for template in templates for problem in size_problems(template)]
    roles = sum(one["Type"] == "AWS::IAM::Role" for template in templates for one in template.resources.values())
    yield judged("Policy sizes", too_long, f"{roles} roles, all within IAM's limits", "split the role's policies")


def statements(template: Template) -> list[Statement]:
    """Every statement of every policy in the template's resources, that of roles and that of resources."""
    resources = _member(template.root, "Resources")
    if not isinstance(resources, yaml.MappingNode):
        return []
    return [one for key, node in resources.value for one in _statements(str(key.value), node)]


def wildcards(statement: Statement, template: Template) -> Iterator[str]:
    """What a statement allows with a star and without a reason."""
    if not statement.allows:
        return
    if "*" in statement.actions:
        yield f"{statement.label} allows every action of every service"
        return
    for member in ("NotAction", "NotResource", "NotPrincipal"):
        if member in statement.value:
            yield f"{statement.label} allows by {member}: all but a few is more than anybody has read"
    if _explained(statement, template):
        return
    broad = [action for action in statement.actions if "*" in action]
    if broad:
        yield f"{statement.label} allows {', '.join(broad)}"
    open_to = [text for text in _resources(statement) if "*" in text and not _is_below_a_name(text)]
    if open_to:
        yield f"{statement.label} is for {open_to[0]}"
    if "*" in json.dumps(statement.value.get("Principal", "")) and "Condition" not in statement.value:
        yield f"{statement.label} is for everybody"


def size_problems(template: Template) -> Iterator[str]:
    """Roles whose policies are longer than IAM takes, with names and ids at their longest."""
    for name, resource in template.resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            policies = [*as_list(properties.get("Policies", [])), *_attached(template, name)]
            inline = sum(_length(one.get("PolicyDocument")) for one in policies)
            if inline > ROLE_INLINE_LIMIT:
                yield f"{name}: inline policies have up to {inline:,} characters of {ROLE_INLINE_LIMIT:,}"
            trust = _length(properties.get("AssumeRolePolicyDocument"))
            if trust > TRUST_LIMIT:
                yield f"{name}: trust policy has up to {trust:,} characters of {TRUST_LIMIT:,}"
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            length = _length(properties.get("PolicyDocument"))
            if length > MANAGED_LIMIT:
                yield f"{name}: has up to {length:,} characters of {MANAGED_LIMIT:,}"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _attached(template: Template, role: str) -> Iterator[dict[str, Any]]:
    """The inline policies that stand beside the role."""
    for resource in template.resources.values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in as_list(properties.get("Roles", [])):
            yield properties


def _statements(resource: str, node: yaml.Node) -> Iterator[Statement]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _statements(resource, item)
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value == "Statement":
            for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                yield from _read(resource, one)
        else:
            yield from _statements(resource, value)


def _read(resource: str, node: yaml.Node) -> Iterator[Statement]:
    """A statement, or the statement within an Fn::If."""
    value = value_of(node)
    if isinstance(value, dict) and "Effect" in value:
        yield Statement(resource, value, node.start_mark.line, _last_line(node))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _read(resource, item)
    elif isinstance(node, yaml.MappingNode):
        for _, item in node.value:
            yield from _read(resource, item)


def _last_line(node: yaml.Node) -> int:
    """The line of the last scalar: a block's own end mark is where the next thing begins."""
    if isinstance(node, yaml.MappingNode):
        return max((_last_line(item) for pair in node.value for item in pair), default=node.start_mark.line)
    if isinstance(node, yaml.SequenceNode):
        return max((_last_line(item) for item in node.value), default=node.start_mark.line)
    return int(node.start_mark.line)


def _explained(statement: Statement, template: Template) -> bool:
    lines = template.text.splitlines()[statement.first_line : statement.last_line + 1]
    return any(COMMENT.search(line) for line in lines)


def _is_below_a_name(resource: str) -> bool:
    """Whether the star stands below something of this stack's own: the objects of its bucket, ${Bucket.Arn}/*."""
    named = VARIABLE.findall(resource.partition("*")[0])
    return any(variable not in PSEUDO for variable in named)


def _resources(statement: Statement) -> list[str]:
    """The resources as texts; of a function such as Fn::Sub, what it is given."""
    return [one if isinstance(one, str) else json.dumps(one) for one in as_list(statement.value.get("Resource", []))]


def _length(document: Any) -> int:
    if document is None:
        return 0
    return len(json.dumps(_written_out(document), separators=(",", ":")))


def _written_out(value: Any) -> Any:
    """References at their longest: an id of an account, a name of 64 characters."""
    if isinstance(value, list):
        return [_written_out(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (function, given), *_ = value.items()
        if function == "Fn::Sub":
            text = given if isinstance(given, str) else given[0]
            return VARIABLE.sub(lambda match: PSEUDO.get(match[1], LONGEST_NAME), text)
        if function == "Ref" or function.startswith("Fn::"):
            return f"arn:aws:service:ap-southeast-2:{'1' * 12}:{LONGEST_NAME}"
    return {key: _written_out(one) for key, one in value.items()}


def _member(node: yaml.Node, name: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)
