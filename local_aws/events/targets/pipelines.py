"""SageMaker pipelines.

A parameter's value may be a path into the original event, whatever the target's input is. The delivery's id is the
request's token, so that a pipeline is started once.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html, "Dynamic path parameters"
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_aws.events.arns import Arn
from local_aws.events.errors import Refused
from local_aws.events.inputs import compact
from local_aws.events.json_path import InvalidPath, JsonPath, NothingThere
from local_aws.events.records import Delivery, Event, Target
from local_aws.events.targets.base import TargetKind
from local_aws.events.targets.service_errors import not_delivered
from local_aws.sagemaker.errors import ServiceError, ValidationException

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


class PipelineTarget(TargetKind):
    """`sagemaker:StartPipelineExecution` with the target's role."""

    name = "SageMaker pipelines"
    needs_role = True
    parameters = ("SageMakerPipelineParameters",)

    def __init__(self, call: Call) -> None:
        self._call = call

    def takes(self, arn: Arn) -> bool:
        """As for every kind."""
        return arn.service == "sagemaker" and arn.resource.startswith("pipeline/")

    def check(self, target: Target, arn: Arn) -> None:
        """As for every kind."""
        for parameter in _parameters(target):
            try:
                if parameter["Value"].startswith("$"):
                    JsonPath.parse(parameter["Value"])
            except InvalidPath as error:
                raise ValidationException(
                    f"Parameter {parameter['Name']} of target {target['Id']} is not valid. Reason: {error}."
                ) from error

    def deliver(self, delivery: Delivery, text: str) -> None:
        """As for every kind."""
        parameters = [
            {"Name": parameter["Name"], "Value": _value(parameter, delivery.event)}
            for parameter in _parameters(delivery.target)
        ]
        request: dict[str, Any] = {"PipelineName": delivery.target_arn, "ClientRequestToken": delivery.id}
        try:
            self._call("StartPipelineExecution", request | ({"PipelineParameters": parameters} if parameters else {}))
        except ServiceError as error:
            raise not_delivered(error) from error


def _parameters(target: Target) -> list[dict[str, str]]:
    return (target.get("SageMakerPipelineParameters") or {}).get("PipelineParameterList") or []


def _value(parameter: dict[str, str], event: Event) -> str:
    value = parameter["Value"]
    if not value.startswith("$"):
        return value
    try:
        found = JsonPath.parse(value).find(event)
    except NothingThere as error:
        message = f"The parameter {parameter['Name']} is {value}, and the event has nothing there."
        raise Refused("INVALID_PARAMETER", message) from error
    return found if isinstance(found, str) else compact(found)
