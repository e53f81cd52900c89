"""botocore's descriptions of the smaller services, loaded when they are first needed."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service, by botocore's name for it: "cloudwatch", "application-autoscaling"."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service_name=service)


@cache
def input_shape(service: str, operation: str) -> StructureShape:
    """The shape of an operation's request. Raises OperationNotFoundError for one that the service does not have."""
    found = service_model(service).operation_model(operation).input_shape
    return found or StructureShape("Empty", {"type": "structure", "members": {}})
