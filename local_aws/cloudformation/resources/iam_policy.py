"""AWS::IAM::Policy: an inline policy of roles that are resources of their own."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType, taken_back_by


class Policy(ResourceType):
    """A policy put into roles. Nobody is asked here what it permits."""

    type = "AWS::IAM::Policy"
    properties = frozenset({"PolicyName", "PolicyDocument", "Roles"})
    required = frozenset({"PolicyName", "PolicyDocument"})
    replacing = frozenset({"PolicyName"})
    inert = frozenset({"PolicyDocument"})

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        iam, policy = clients("iam"), str(wanted["PolicyName"])
        if not wanted.get("Roles"):
            raise ResourceFailed("At least one of [Groups, Roles, Users] must be non-empty; here it is Roles.")
        with taken_back_by(lambda: _remove(iam, wanted["Roles"], policy)):
            _put(iam, wanted)
        return Made(policy)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        iam = clients("iam")
        _put(iam, wanted)
        _remove(iam, [role for role in before["Roles"] if role not in wanted["Roles"]], physical_id)
        return Made(physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        _remove(clients("iam"), properties["Roles"], physical_id)


def _put(iam: Any, wanted: Properties) -> None:
    document = json.dumps(wanted["PolicyDocument"])
    for role in wanted["Roles"]:
        iam.put_role_policy(RoleName=role, PolicyName=wanted["PolicyName"], PolicyDocument=document)


def _remove(iam: Any, roles: list[str], policy: str) -> None:
    for role in roles:
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_role_policy(RoleName=role, PolicyName=policy)
