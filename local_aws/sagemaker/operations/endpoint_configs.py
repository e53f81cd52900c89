"""Endpoint configurations: which models serve, on how much, and what is captured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.endpoints.records import CONFIG, find_config
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.jobs.model_container import resolve_model
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.store import RecordExists

LISTING = RecordListing("ListEndpointConfigs", descending=True)
SUPPORTED = frozenset({"EndpointConfigName", "ProductionVariants", "DataCaptureConfig", "Tags", "KmsKeyId"})
SUPPORTED_OF_VARIANT = frozenset(
    {
        *("VariantName", "ModelName", "InitialInstanceCount", "InstanceType", "InitialVariantWeight"),
        *("ServerlessConfig", "VolumeSizeInGB", "RoutingConfig"),
        *("ModelDataDownloadTimeoutInSeconds", "ContainerStartupHealthCheckTimeoutInSeconds"),
    }
)
ROUTING = "LEAST_OUTSTANDING_REQUESTS"


@operation("CreateEndpointConfig")
def create_endpoint_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["EndpointConfigName"]
    _check(context, request)
    arn = context.arn(f"endpoint-config/{name}")
    body = {member: value for member, value in request.items() if member != "Tags"}
    try:
        context.store.insert(CONFIG, name, arn, {**body, "EndpointConfigArn": arn})
    except RecordExists as error:
        raise ValidationException(f'Cannot create already existing endpoint configuration "{arn}".') from error
    keep_tags(context, arn, request)
    return {"EndpointConfigArn": arn}


@operation("DescribeEndpointConfig")
def describe_endpoint_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_config(context, request["EndpointConfigName"])
    return {**record.body, "CreationTime": record.created}


@operation("ListEndpointConfigs")
def list_endpoint_configs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return LISTING.answer(
        context.store.all(CONFIG),
        request,
        "EndpointConfigs",
        lambda record: {
            "EndpointConfigName": record.name,
            "EndpointConfigArn": record.arn,
            "CreationTime": record.created,
        },
    )


@operation("DeleteEndpointConfig")
def delete_endpoint_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.store.delete(CONFIG, find_config(context, request["EndpointConfigName"]).name)
    return {}


def _check(context: Context, request: Mapping[str, Any]) -> None:
    _refuse_unsupported(request, SUPPORTED)
    variants = request["ProductionVariants"]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) != len(names):
        raise ValidationException("The VariantName of each production variant must be unique.")
    for variant in variants:
        _check_variant(context, variant)
    if not any(variant.get("InitialVariantWeight", 1.0) for variant in variants):
        raise ValidationException("At least one production variant must have a weight greater than 0.")
    if any("ServerlessConfig" in variant for variant in variants):
        _check_serverless(request)


def _check_variant(context: Context, variant: Mapping[str, Any]) -> None:
    where = f"Production variant {variant['VariantName']}"
    _refuse_unsupported(variant, SUPPORTED_OF_VARIANT, f"{where}: ")
    if "ModelName" not in variant:
        raise ValidationException(
            f"{where}: without ModelName it would serve inference components, not supported here."
        )
    resolve_model(context, variant["ModelName"])
    of_instances = [member for member in ("InstanceType", "InitialInstanceCount") if member in variant]
    if len(of_instances) != (0 if "ServerlessConfig" in variant else 2):
        raise ValidationException(
            f"{where} takes either InstanceType and InitialInstanceCount, or ServerlessConfig, and exactly one of them."
        )
    strategy = variant.get("RoutingConfig", {}).get("RoutingStrategy", ROUTING)
    if strategy != ROUTING:
        raise ValidationException(f"{where}: RoutingStrategy {strategy} is not supported here, {ROUTING} is.")


def _check_serverless(request: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html ("Feature exclusions")."""
    if len(request["ProductionVariants"]) != 1:
        raise ValidationException("A serverless endpoint has one production variant, not several.")
    if request.get("DataCaptureConfig", {}).get("EnableCapture", "DataCaptureConfig" in request):
        raise ValidationException("Data capture is not supported for serverless endpoints.")
    memory = request["ProductionVariants"][0]["ServerlessConfig"]["MemorySizeInMB"]
    if memory % 1024:
        raise ValidationException(f"MemorySizeInMB must be a multiple of 1024, and is {memory}.")


def _refuse_unsupported(given: Mapping[str, Any], supported: frozenset[str], where: str = "") -> None:
    for member in given:
        if member not in supported:
            raise ValidationException(f"{where}{member} is not supported by this local AWS.")
