"""What an endpoint serves now, read from SageMaker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .aws import Aws, error_message
from .errors import EndpointBusy
from .request import Capacity, Capture, Network

# Of the 10 minutes that a Lambda step may take.
WAIT_SECONDS = 480
POLL_SECONDS = 5
UNDER_WAY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


@dataclass(frozen=True)
class LiveVariant:
    """A production variant; `package_arn` is None for a model of no model package, or one that was deleted."""

    name: str
    package_arn: str | None
    capacity: Capacity
    network: Network


@dataclass(frozen=True)
class LiveEndpoint:
    """An endpoint that nobody is changing; `capture` is None where nothing is captured."""

    name: str
    status: str
    failure_reason: str
    variants: tuple[LiveVariant, ...]
    capture: Capture | None
    kms_key: str


def read_endpoint(aws: Aws, name: str, sleep: Callable[[float], None], waited: int = 0) -> LiveEndpoint | None:
    """The endpoint, None if there is none. One that is being changed is waited for.

    Raises EndpointBusy after WAIT_SECONDS, of which `waited` are over.
    """
    described = _settled(aws, name, sleep, waited)
    if described is None:
        return None
    config = aws.sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    now = {variant["VariantName"]: variant for variant in described.get("ProductionVariants", [])}
    return LiveEndpoint(
        name=name,
        status=described["EndpointStatus"],
        failure_reason=described.get("FailureReason", ""),
        variants=tuple(
            _variant(aws, requested, now.get(requested["VariantName"], {}))
            for requested in config["ProductionVariants"]
        ),
        capture=_capture(config.get("DataCaptureConfig", {})),
        kms_key=config.get("KmsKeyId", ""),
    )


def describe_endpoint(aws: Aws, name: str) -> dict[str, Any] | None:
    """DescribeEndpoint's answer, None if there is no such endpoint."""
    try:
        found: dict[str, Any] = aws.sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if _is_missing(error):
            return None
        raise
    return found


def _is_missing(error: ClientError) -> bool:
    # SageMaker has no error code of its own for this
    return "Could not find" in error_message(error)


def _settled(aws: Aws, name: str, sleep: Callable[[float], None], waited: int) -> dict[str, Any] | None:
    described = describe_endpoint(aws, name)
    while described is not None and described["EndpointStatus"] in UNDER_WAY:
        if waited >= WAIT_SECONDS:
            raise EndpointBusy(f"endpoint {name} is {described['EndpointStatus']} since {waited} s: try again later")
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS
        described = describe_endpoint(aws, name)
    return described


def _variant(aws: Aws, requested: Mapping[str, Any], now: Mapping[str, Any]) -> LiveVariant:
    model: dict[str, Any] = {}
    if "ModelName" in requested:
        model = _describe_model(aws, requested["ModelName"])
    container: dict[str, Any] = model.get("PrimaryContainer") or next(iter(model.get("Containers", [])), {})
    serverless = requested.get("ServerlessConfig", {})
    vpc = model.get("VpcConfig", {})
    return LiveVariant(
        name=requested["VariantName"],
        package_arn=container.get("ModelPackageName"),
        capacity=Capacity(
            instance_type=requested.get("InstanceType", ""),
            instance_count=now.get("DesiredInstanceCount", requested.get("InitialInstanceCount", 0)),
            memory_mb=serverless.get("MemorySizeInMB", 0),
            concurrency=serverless.get("MaxConcurrency", 0),
        ),
        network=Network(
            frozenset(vpc.get("Subnets", ())),
            frozenset(vpc.get("SecurityGroupIds", ())),
            bool(model.get("EnableNetworkIsolation")),
        ),
    )


def _describe_model(aws: Aws, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = aws.sagemaker.describe_model(ModelName=name)
    except ClientError as error:
        if _is_missing(error):
            return {}  # an endpoint goes on serving a model that was deleted
        raise
    return found


def _capture(config: Mapping[str, Any]) -> Capture | None:
    if not config.get("EnableCapture"):
        return None
    return Capture(config["InitialSamplingPercentage"], config["DestinationS3Uri"])
