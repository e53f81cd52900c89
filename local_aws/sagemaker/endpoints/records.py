"""The records of endpoints and their configurations: what is kept, and what each member is for.

An endpoint's body has what DescribeEndpoint shows, and besides:
    Config     the configuration that serves, since it may be deleted while it does
    Models     by name, the descriptions of its models, for the same reason
    Variants   by name, the weight and the instance count (none for serverless) that are wanted, as
               UpdateEndpointWeightsAndCapacities may have changed them
    Capture    the DataCaptureConfig that applies, where the update kept that of the configuration before
    Pending    while an update goes on: what it is to become
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.store import Record, RecordNotFound

ENDPOINT, CONFIG = "Endpoint", "EndpointConfig"
INTERNAL = ("Config", "Models", "Variants", "Capture", "Pending")
DEFAULT_STARTUP_SECONDS = 600


def find_endpoint(context: Context, name: str) -> Record:
    """Raises ValidationException in the service's words."""
    try:
        return context.store.get(ENDPOINT, name)
    except RecordNotFound as error:
        raise ValidationException(f'Could not find endpoint "{context.arn(f"endpoint/{name}")}".') from error


def find_config(context: Context, name: str) -> Record:
    """Raises ValidationException in the service's words."""
    try:
        return context.store.get(CONFIG, name)
    except RecordNotFound as error:
        arn = context.arn(f"endpoint-config/{name}")
        raise ValidationException(f'Could not find endpoint configuration "{arn}".') from error


def models_of(context: Context, config: Mapping[str, Any]) -> dict[str, Any]:
    """The descriptions of a configuration's models, by name. Raises ValidationException where one is gone."""
    names = {variant["ModelName"] for variant in config["ProductionVariants"]}
    return {name: context.call("DescribeModel", {"ModelName": name}) for name in names}


def wanted_variants(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Weight and count of each variant as its configuration begins with them."""
    return {variant["VariantName"]: _wanted(variant) for variant in config["ProductionVariants"]}


def _wanted(variant: Mapping[str, Any]) -> dict[str, Any]:
    weight = {"Weight": variant.get("InitialVariantWeight", 1.0)}
    return weight if "ServerlessConfig" in variant else {**weight, "Count": variant["InitialInstanceCount"]}
