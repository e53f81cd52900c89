"""Each Lambda function and build of the templates: what its code calls, and whether its role allows that.

Only actions are compared. Whether a statement's resource and condition fit the call is IAM's to say, on AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from pipelines.readiness.api_calls import actions_of
from pipelines.readiness.finding import Finding
from pipelines.readiness.policies import as_list
from pipelines.readiness.reach import reached
from pipelines.readiness.source_calls import Call, Source
from pipelines.readiness.templates import Template

# the type of what runs code, and the property that names its role
RUNS_CODE = {
    "AWS::Lambda::Function": "Role",
    "AWS::Serverless::Function": "Role",
    "AWS::CodeBuild::Project": "ServiceRole",
}
POLICIES = frozenset({"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"})
# what a build of this project calls: buildspec.yml's own program
BUILD_HANDLER = "pipelines.run_pipeline.main"


@dataclass(frozen=True)
class FunctionRights:
    """A role, the actions that the code of its function or build needs, and those that it allows (with stars)."""

    role: str
    needed: frozenset[str]
    allowed: frozenset[str]

    @property
    def missing(self) -> list[str]:
        return sorted(action for action in self.needed if not _allows(self.allowed, action))


def check_permissions(templates: list[Template], sources: list[Source], calls: list[Call]) -> Iterator[Finding]:
    """A finding for each function."""
    for template in templates:
        for name, resource in template.resources.items():
            if resource["Type"] in RUNS_CODE:
                yield _finding(name, rights_of(template, resource, sources, calls), template)


def rights_of(
    template: Template, resource: Mapping[str, Any], sources: list[Source], calls: list[Call]
) -> FunctionRights | str:
    """What a function or a build needs and may; or, in words, why that cannot be told."""
    properties = resource.get("Properties", {})
    if "ZipFile" in properties.get("Code", {}):
        return "its code stands in the template"
    handler = str(properties.get("Handler", BUILD_HANDLER))
    units = reached(handler, sources, str(PurePosixPath(template.name).parent))
    if not units:
        return f"no module of this project is its handler {handler}"
    role = _role(properties.get(RUNS_CODE[resource["Type"]]))
    if role not in template.resources:
        return "its role is not in its template"
    needed = actions_of(call for call in calls if (call.path, call.within) in units)
    return FunctionRights(role, needed, allowed_actions(template, role))


def allowed_actions(template: Template, role: str) -> frozenset[str]:
    """The actions that the template's policies for a role allow, its own and those that are attached to it."""
    own = as_list(template.resources[role].get("Properties", {}).get("Policies", []))
    attached = (one.get("Properties", {}) for one in template.resources.values() if one["Type"] in POLICIES)
    policies = [*own, *(one for one in attached if {"Ref": role} in as_list(one.get("Roles", [])))]
    statements = [one for policy in policies for one in _statements(policy["PolicyDocument"]["Statement"])]
    return frozenset(
        str(action) for one in statements if one.get("Effect") == "Allow" for action in as_list(one.get("Action", []))
    )


def _finding(name: str, rights: FunctionRights | str, template: Template) -> Finding:
    check = f"Role of {name} ({template.name})"
    if isinstance(rights, str):
        return Finding(check, None, f"{rights}")
    if rights.missing:
        return Finding(check, False, f"{rights.role} lacks {', '.join(rights.missing)}", "allow it, or do not call it")
    return Finding(check, True, f"actions called: {len(rights.needed)}, all allowed by {rights.role}")


def _statements(value: Any) -> Iterator[Mapping[str, Any]]:
    """Statements in a list, or in the branches of an Fn::If."""
    if isinstance(value, list):
        for one in value:
            yield from _statements(one)
    elif isinstance(value, dict) and "Effect" in value:
        yield value
    elif isinstance(value, dict) and "Fn::If" in value:
        yield from _statements(value["Fn::If"][1:])


def _allows(allowed: frozenset[str], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in allowed)


def _role(value: Any) -> str:
    """The logical id that `!GetAtt X.Arn` names, "" where it is none of this template's."""
    given = value.get("Fn::GetAtt") if isinstance(value, dict) else None
    return str(as_list(given)[0]).partition(".")[0] if given else ""
