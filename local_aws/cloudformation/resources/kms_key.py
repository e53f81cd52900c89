"""AWS::KMS::Key: a name for others to refer to.

This local AWS encrypts nothing and does not offer KMS itself, so that a key is nothing but its id and its ARN, and
whatever a template says of it is without effect.
"""

from __future__ import annotations

import uuid

from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType


class Key(ResourceType):
    """A symmetric key."""

    type = "AWS::KMS::Key"
    properties = frozenset(
        {
            "Description",
            "Enabled",
            "EnableKeyRotation",
            "KeyPolicy",
            "PendingWindowInDays",
            "RotationPeriodInDays",
            "Tags",
        }
    )
    inert = properties

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        return _made(clients, str(uuid.uuid4()))

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        return _made(clients, physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        """Nothing was made that would have to go."""


def _made(clients: Clients, key_id: str) -> Made:
    sts = clients("sts")
    partition, account = sts.get_caller_identity()["Arn"].split(":")[1], sts.get_caller_identity()["Account"]
    arn = f"arn:{partition}:kms:{sts.meta.region_name}:{account}:key/{key_id}"
    return Made(key_id, {"Arn": arn, "KeyId": key_id})
