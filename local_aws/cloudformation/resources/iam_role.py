"""AWS::IAM::Role."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType, change_tags, taken_back_by


class Role(ResourceType):
    """A role with its inline policies and the managed ones attached to it. Nobody is asked here what a role permits."""

    type = "AWS::IAM::Role"
    properties = frozenset(
        {
            *("RoleName", "Path", "Description", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns"),
            *("MaxSessionDuration", "PermissionsBoundary", "Tags"),
        }
    )
    required = frozenset({"AssumeRolePolicyDocument"})
    replacing = frozenset({"RoleName", "Path"})
    inert = frozenset({"AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns", "PermissionsBoundary"})
    named_by = "RoleName"

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
        with taken_back_by(lambda: self.delete(clients, role["RoleName"], wanted)):
            _put_policies(iam, role["RoleName"], {}, wanted)
        return _made(role)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        iam = clients("iam")
        document = json.dumps(wanted["AssumeRolePolicyDocument"])
        if document != json.dumps(before["AssumeRolePolicyDocument"]):
            iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=document)
        iam.update_role(
            RoleName=physical_id,
            Description=wanted.get("Description", ""),
            MaxSessionDuration=int(wanted.get("MaxSessionDuration", 3600)),
        )
        _bound(iam, physical_id, before, wanted)
        _put_policies(iam, physical_id, before, wanted)
        change_tags(
            before,
            wanted,
            lambda tags: iam.tag_role(RoleName=physical_id, Tags=[{"Key": k, "Value": v} for k, v in tags.items()]),
            lambda keys: iam.untag_role(RoleName=physical_id, TagKeys=keys),
        )
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
        _attach(iam, role, arn)


def _attach(iam: Any, role: str, arn: str) -> None:
    try:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    except iam.exceptions.NoSuchEntityException:
        # IAM here holds none of AWS's own policies, and whoever made this template can be sure of them
        if ":iam::aws:policy/" not in arn:
            raise


def _bound(iam: Any, role: str, before: Properties, wanted: Properties) -> None:
    member = "PermissionsBoundary"
    if member in wanted:
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=wanted[member])
    elif member in before:
        iam.delete_role_permissions_boundary(RoleName=role)


def _made(role: dict[str, Any]) -> Made:
    return Made(role["RoleName"], {"Arn": role["Arn"], "RoleId": role["RoleId"]})
