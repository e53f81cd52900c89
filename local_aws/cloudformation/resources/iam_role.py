"""AWS::IAM::Role."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.resources.base import Clients, Made, Properties


@dataclass(frozen=True)
class Role:
    """A role with its inline policies and the managed ones attached to it."""

    type: str = "AWS::IAM::Role"
    properties: frozenset[str] = frozenset(
        {
            *("RoleName", "Path", "Description", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns"),
            *("MaxSessionDuration", "PermissionsBoundary", "Tags"),
        }
    )
    replacing: frozenset[str] = frozenset({"RoleName", "Path"})
    named_by: str | None = "RoleName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        iam = clients("iam")
        request: dict[str, Any] = {
            "RoleName": wanted.get("RoleName", name),
            "AssumeRolePolicyDocument": json.dumps(wanted["AssumeRolePolicyDocument"]),
            "Tags": list(wanted.get("Tags", [])),
        }
        for member in ("Path", "Description", "PermissionsBoundary"):
            if member in wanted:
                request[member] = wanted[member]
        if "MaxSessionDuration" in wanted:
            request["MaxSessionDuration"] = int(wanted["MaxSessionDuration"])
        role = iam.create_role(**request)["Role"]
        _put_policies(iam, role["RoleName"], {}, wanted)
        return _made(role)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        iam = clients("iam")
        document = json.dumps(wanted["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=document)
        iam.update_role(
            RoleName=physical_id,
            Description=wanted.get("Description", ""),
            MaxSessionDuration=int(wanted.get("MaxSessionDuration", 3600)),
        )
        _put_policies(iam, physical_id, before, wanted)
        return _made(iam.get_role(RoleName=physical_id)["Role"])

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        iam = clients("iam")
        with suppress(iam.exceptions.NoSuchEntityException):
            _put_policies(iam, physical_id, properties, {})
            iam.delete_role(RoleName=physical_id)


def _put_policies(iam: Any, role: str, before: Properties, wanted: Properties) -> None:
    policies = {policy["PolicyName"]: policy["PolicyDocument"] for policy in wanted.get("Policies", [])}
    for policy in before.get("Policies", []):
        if policy["PolicyName"] not in policies:
            with suppress(ClientError):
                iam.delete_role_policy(RoleName=role, PolicyName=policy["PolicyName"])
    for name, document in policies.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    attached, attach = set(before.get("ManagedPolicyArns", [])), set(wanted.get("ManagedPolicyArns", []))
    for arn in sorted(attached - attach):
        with suppress(ClientError):
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in sorted(attach - attached):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def _made(role: dict[str, Any]) -> Made:
    return Made(role["RoleName"], {"Arn": role["Arn"], "RoleId": role["RoleId"]})
