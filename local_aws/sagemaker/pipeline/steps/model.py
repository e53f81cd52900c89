"""Model: creates a model."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.sagemaker.pipeline.steps.base import Call, Progress, Start
from local_aws.sagemaker.pipeline.structure import Step


@dataclass(frozen=True)
class ModelStep:
    """Arguments of CreateModel; the properties are those of DescribeModel."""

    type: str = "Model"
    operation: str = "CreateModel"
    name_argument: str = "ModelName"
    variable: str | None = None
    cache_keys: tuple[str, ...] | None = None
    members: tuple[str, ...] = ()
    retryable: bool = True

    def check(self, step: Step) -> None:
        """A model's arguments are all there is to check."""

    def start(self, start: Start, call: Call) -> Progress:
        arn = call("CreateModel", {**start.arguments, "ModelName": start.resource_name})["ModelArn"]
        properties = call("DescribeModel", {"ModelName": start.resource_name})
        return Progress("Succeeded", {"Model": {"Arn": arn}}, properties, start.resource_name)

    def poll(self, handle: str, call: Call) -> Progress:
        raise AssertionError("a Model step has ended when it has started")

    def stop(self, handle: str, call: Call) -> None:
        """Nothing is left running."""
