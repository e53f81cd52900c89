"""EndpointConfig: creates an endpoint configuration, whose name is new in every execution."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.sagemaker.pipeline.steps.base import EVERY_ARGUMENT, Call, Progress, Start
from local_aws.sagemaker.pipeline.structure import Step


@dataclass(frozen=True)
class EndpointConfigStep:
    """Arguments of CreateEndpointConfig; the properties are those of DescribeEndpointConfig."""

    type: str = "EndpointConfig"
    operation: str = "CreateEndpointConfig"
    name_argument: str = "EndpointConfigName"
    variable: str | None = None
    cache_keys: tuple[str, ...] | None = EVERY_ARGUMENT
    members: tuple[str, ...] = ()
    retryable: bool = True

    def check(self, step: Step) -> None:
        """A configuration's arguments are all there is to check."""

    def start(self, start: Start, call: Call) -> Progress:
        name = start.resource_name
        arn = call("CreateEndpointConfig", {**start.arguments, "EndpointConfigName": name})["EndpointConfigArn"]
        properties = call("DescribeEndpointConfig", {"EndpointConfigName": name})
        return Progress("Succeeded", {"EndpointConfig": {"Arn": arn}}, properties, name)

    def poll(self, handle: str, call: Call) -> Progress:
        raise AssertionError("an EndpointConfig step has ended when it has started")

    def stop(self, handle: str, call: Call) -> None:
        """Nothing is left running."""
