"""The production variants of endpoints as things that scale: how many instances they are to have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.sagemaker.errors import ResourceNotFound, ValidationException

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
RESOURCE = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")
# an update of the endpoint is going on
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")


@dataclass(frozen=True)
class VariantName:
    """A variant of an endpoint; in this service its name is `endpoint/NAME/variant/VARIANT`."""

    endpoint: str
    variant: str

    @classmethod
    def parse(cls, resource_id: str) -> VariantName:
        """Raises ValidationException for any other resource than a variant."""
        found = RESOURCE.fullmatch(resource_id)
        if found is None:
            raise ValidationException(
                f"Unsupported resource {resource_id!r}: this local AWS scales endpoint/NAME/variant/VARIANT alone."
            )
        return cls(found["endpoint"], found["variant"])

    def __str__(self) -> str:
        return f"endpoint/{self.endpoint}/variant/{self.variant}"


@dataclass(frozen=True)
class Variant:
    """What a variant is now. `count` is how many instances it is to have, None if it is serverless."""

    endpoint_status: str
    endpoint_created: datetime
    count: int | None


class Variants:
    """Asks SageMaker's own API, by `call`, as the service does."""

    def __init__(self, call: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        self._call = call

    def find(self, name: VariantName) -> Variant | None:
        """None if the endpoint is not there or being deleted, or has no such variant."""
        try:
            endpoint = self._call("DescribeEndpoint", {"EndpointName": name.endpoint})
        except (ValidationException, ResourceNotFound):
            return None
        variants = {one["VariantName"]: one for one in endpoint.get("ProductionVariants") or ()}
        if endpoint["EndpointStatus"] == "Deleting" or name.variant not in variants:
            return None
        count = variants[name.variant].get("DesiredInstanceCount")
        return Variant(endpoint["EndpointStatus"], endpoint["CreationTime"], count)

    def set_count(self, name: VariantName, count: int) -> None:
        """Begin to change the number of instances. Raises ServiceError, as the API does."""
        change = {"VariantName": name.variant, "DesiredInstanceCount": count}
        self._call(
            "UpdateEndpointWeightsAndCapacities",
            {"EndpointName": name.endpoint, "DesiredWeightsAndCapacities": [change]},
        )
