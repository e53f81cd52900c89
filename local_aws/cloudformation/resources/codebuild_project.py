"""AWS::CodeBuild::Project."""

from __future__ import annotations

import json
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from local_aws.cloudformation.functions import as_text
from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType, as_bool
from local_aws.service_shapes import input_shape

SOURCE = (
    *("Type", "Location", "BuildSpec", "Auth", "GitCloneDepth", "GitSubmodulesConfig", "InsecureSSL"),
    *("ReportBuildStatus", "BuildStatusConfig", "SourceIdentifier"),
)
ENVIRONMENT = (
    *("Type", "Image", "ComputeType", "EnvironmentVariables", "PrivilegedMode", "ImagePullCredentialsType"),
    *("Certificate", "RegistryCredential"),
)
# what they are where they are declared no more
DEFAULTS: dict[str, Any] = {
    "Description": "",
    "SourceVersion": "",
    "SecondarySources": [],
    "SecondarySourceVersions": [],
    "SecondaryArtifacts": [],
    "LogsConfig": {},
    "VpcConfig": {},
    "Cache": {"Type": "NO_CACHE"},
    "TimeoutInMinutes": 60,
    "QueuedTimeoutInMinutes": 480,
    "ConcurrentBuildLimit": -1,
    "Tags": [],
}
# in no request: nothing of it happens here
UNSAID = frozenset({"Name", "Triggers", "Visibility", "ResourceAccessRole", "BadgeEnabled"})


class Project(ResourceType):
    """A project. A trigger is declared and never comes: nobody outside can call a webhook of this machine."""

    type = "AWS::CodeBuild::Project"
    properties = frozenset(
        {
            *DEFAULTS,
            *UNSAID,
            *("Artifacts", "EncryptionKey", "ServiceRole"),
            *(f"Source.{name}" for name in SOURCE),
            *(f"Environment.{name}" for name in ENVIRONMENT),
        }
    )
    required = frozenset({"Artifacts", "Environment", "ServiceRole", "Source"})
    replacing = frozenset({"Name"})
    inert = frozenset(
        {
            *("BadgeEnabled", "Cache", "EncryptionKey", "ResourceAccessRole", "Triggers", "Visibility", "VpcConfig"),
            *(f"Environment.{name}" for name in ENVIRONMENT if name != "EnvironmentVariables"),
            *("Source.Auth", "Source.ReportBuildStatus", "Source.BuildStatusConfig", "Source.GitCloneDepth"),
            *("Source.GitSubmodulesConfig", "Source.InsecureSSL"),
        }
    )
    named_by = "Name"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        made = clients("codebuild").create_project(name=wanted.get("Name", name), **_request(wanted))
        return _made(made["project"])

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        gone = {name: DEFAULTS[name] for name in DEFAULTS if name in before and name not in wanted}
        made = clients("codebuild").update_project(name=physical_id, **_request({**gone, **wanted}))
        return _made(made["project"])

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        clients("codebuild").delete_project(name=physical_id)


def _request(wanted: Properties) -> dict[str, Any]:
    """As CreateProject takes it: its members are the properties, but for their case."""
    declared = {name: value for name, value in wanted.items() if name not in UNSAID}
    request: dict[str, Any] = as_members(input_shape("codebuild", "CreateProject"), declared)
    return request


def as_members(shape: Shape, value: Any) -> Any:
    """Properties as members of a request, by their names in any case, with the types that the request has."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = {name.lower(): name for name in shape.members}
        named = {members.get(name.lower(), name): member for name, member in value.items()}
        return {
            name: as_members(shape.members[name], member) if name in shape.members else member
            for name, member in named.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [as_members(shape.member, one) for one in value]
    if shape.type_name == "boolean":
        return as_bool(value)
    if shape.type_name in ("integer", "long") and isinstance(value, (str, float)):
        return int(value)
    if shape.type_name == "string":
        return json.dumps(value) if isinstance(value, (dict, list)) else as_text(value)
    return value


def _made(project: dict[str, Any]) -> Made:
    return Made(project["name"], {"Arn": project["arn"]})
