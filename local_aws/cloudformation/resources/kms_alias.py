"""AWS::KMS::Alias: another name for a key, as little to this local AWS as the key itself."""

from __future__ import annotations

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType

PREFIX, RESERVED = "alias/", "alias/aws/"


class Alias(ResourceType):
    """An alias of a key. Nothing here looks keys up by it."""

    type = "AWS::KMS::Alias"
    properties = frozenset({"AliasName", "TargetKeyId"})
    required = properties
    replacing = frozenset({"AliasName"})
    inert = properties
    named_by = "AliasName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        alias = str(wanted["AliasName"])
        if not alias.startswith(PREFIX) or alias.startswith(RESERVED):
            raise ResourceFailed(
                f"Alias {alias} must begin with {PREFIX}, and not with {RESERVED}, which is AWS's own."
            )
        return Made(alias)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        return Made(physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        """Nothing was made that would have to go."""
