"""Endpoint: creates the endpoint, or updates it where it exists, and waits until it serves the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.pipeline.steps.base import EVERY_ARGUMENT, BadStep, Call, Failure, Progress, Start
from local_aws.sagemaker.pipeline.structure import Step

UNDER_WAY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
OF_AN_UPDATE = ("EndpointName", "EndpointConfigName", "DeploymentConfig")


@dataclass(frozen=True)
class EndpointStep:
    """Arguments of CreateEndpoint; the properties are those of DescribeEndpoint.

    A step that is stopped leaves the endpoint to itself: the service has no call that stops a deployment.
    """

    type: str = "Endpoint"
    operation: str = "CreateEndpoint"
    name_argument: str | None = None
    variable: str | None = None
    cache_keys: tuple[str, ...] | None = EVERY_ARGUMENT
    members: tuple[str, ...] = ()
    retryable: bool = False

    def check(self, step: Step) -> None:
        for member in ("EndpointName", "EndpointConfigName"):
            if member not in step.arguments:
                raise BadStep(f"Arguments: the member '{member}' is missing")

    def start(self, start: Start, call: Call) -> Progress:
        name, config = start.arguments["EndpointName"], start.arguments["EndpointConfigName"]
        if _exists(name, call):
            request = {member: start.arguments[member] for member in OF_AN_UPDATE if member in start.arguments}
            arn = call("UpdateEndpoint", request)["EndpointArn"]
        else:
            arn = call("CreateEndpoint", dict(start.arguments))["EndpointArn"]
        return Progress("Executing", {"Endpoint": {"Arn": arn}}, handle=f"{name} {config}")

    def poll(self, handle: str, call: Call) -> Progress:
        name, config = handle.split(" ")
        endpoint = call("DescribeEndpoint", {"EndpointName": name})
        metadata = {"Endpoint": {"Arn": endpoint["EndpointArn"]}}
        if endpoint["EndpointStatus"] in UNDER_WAY:
            return Progress("Executing", metadata, handle=handle)
        if endpoint["EndpointStatus"] == "InService" and endpoint["EndpointConfigName"] == config:
            return Progress("Succeeded", metadata, endpoint, handle)
        return Progress("Failed", metadata, endpoint, handle, Failure(_reason(endpoint, config)))

    def stop(self, handle: str, call: Call) -> None:
        """There is nothing to call."""


def _exists(name: str, call: Call) -> bool:
    try:
        call("DescribeEndpoint", {"EndpointName": name})
    except ServiceError as error:
        if "Could not find" in error.message:
            return False
        raise
    return True


def _reason(endpoint: dict[str, Any], config: str) -> str:
    status, serves = endpoint["EndpointStatus"], endpoint["EndpointConfigName"]
    told = endpoint.get("FailureReason") or f"it serves {serves} and not {config}."
    return f"ClientError: the endpoint {endpoint['EndpointName']} is {status}: {told}"
