"""AWS::Lambda::Permission."""

from __future__ import annotations

from contextlib import suppress

from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType


class Permission(ResourceType):
    """A statement of a function's resource policy, which has no name: every change replaces it."""

    type = "AWS::Lambda::Permission"
    properties = frozenset({"Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"})
    required = frozenset({"Action", "FunctionName", "Principal"})
    replacing = properties

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        clients("lambda").add_permission(StatementId=name, **wanted)
        return Made(name, {"Id": name})

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        raise AssertionError("every property of a permission replaces it")

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        api = clients("lambda")
        with suppress(api.exceptions.ResourceNotFoundException):
            api.remove_permission(FunctionName=properties["FunctionName"], StatementId=physical_id)
