"""AWS::Lambda::Permission."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from local_aws.cloudformation.resources.base import Clients, Made, Properties


@dataclass(frozen=True)
class Permission:
    """A statement of a function's resource policy, which has no name: every change replaces it."""

    type: str = "AWS::Lambda::Permission"
    properties: frozenset[str] = frozenset({"Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"})
    replacing: frozenset[str] = properties
    named_by: str | None = None

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        clients("lambda").add_permission(StatementId=name, **wanted)
        return Made(name, {"Id": name})

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        raise AssertionError("every property of a permission replaces it")

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        api = clients("lambda")
        with suppress(api.exceptions.ResourceNotFoundException):
            api.remove_permission(FunctionName=properties["FunctionName"], StatementId=physical_id)
