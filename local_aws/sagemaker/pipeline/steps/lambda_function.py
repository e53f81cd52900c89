"""Lambda: invokes a function and takes its answer's members as the step's output parameters.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html ("Lambda step").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.pipeline.expressions import expression_kind
from local_aws.sagemaker.pipeline.parameters import to_text
from local_aws.sagemaker.pipeline.steps.base import EVERY_ARGUMENT, Api, BadStep, Failure, Progress, Start
from local_aws.sagemaker.pipeline.structure import Step

# JSON's types for each OutputType; bool is an int in Python, so it is looked at by itself
OUTPUT_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}
SHOWN_OF_ANSWER = 1024


@dataclass(frozen=True)
class LambdaStep:
    """Arguments: Arguments, the function's event; FunctionArn; OutputParameters, whose values are its properties."""

    type: str = "Lambda"
    operation: str | None = None
    name_argument: str | None = None
    variable: str | None = None
    cache_keys: tuple[str, ...] | None = EVERY_ARGUMENT
    members: tuple[str, ...] = ("FunctionArn", "OutputParameters")
    retryable: bool = False

    def check(self, step: Step) -> None:
        function = step.arguments.get("FunctionArn")
        if not expression_kind(function) and not (isinstance(function, str) and ":function:" in function):
            raise BadStep(f"FunctionArn must be the ARN of a Lambda function, not {function!r}")
        for output in step.arguments.get("OutputParameters") or []:
            if not isinstance(output, dict) or not output.get("OutputName"):
                raise BadStep("OutputParameters: an entry needs OutputName and OutputType")
            if output.get("OutputType") not in OUTPUT_TYPES:
                raise BadStep(
                    f"OutputParameters: the OutputType of {output['OutputName']} must be of {[*OUTPUT_TYPES]}"
                )

    def start(self, start: Start, call: Api) -> Progress:
        function = str(start.arguments["FunctionArn"])
        outputs = start.arguments.get("OutputParameters") or []
        payload = json.dumps(start.arguments["Arguments"]).encode()
        invocation = call.begin_invocation(function, payload)
        handle = json.dumps({"function": function, "outputs": outputs, "invocation": invocation})
        return Progress("Executing", {"Lambda": {"Arn": function}}, handle=handle)

    def poll(self, handle: str, call: Api) -> Progress:
        begun = json.loads(handle)
        metadata: dict[str, Any] = {"Arn": begun["function"]}
        ended = call.end_of_invocation(begun["invocation"])
        if ended is None:
            return Progress("Executing", {"Lambda": metadata}, handle=handle)
        if ended.error is not None:
            return _failed(metadata, handle, ended.error)
        try:
            values = output_values(ended.payload, begun["outputs"])
        except ValueError as error:
            return _failed(metadata, handle, str(error))
        texts = [{"Name": name, "Value": to_text(value)[:SHOWN_OF_ANSWER]} for name, value in values.items()]
        return Progress("Succeeded", {"Lambda": {**metadata, "OutputParameters": texts}}, {"OutputParameters": values})

    def stop(self, handle: str, call: Api) -> None:
        """Lambda cannot take an invocation back: the step ends when the function has."""


def output_values(payload: bytes, outputs: list[dict[str, str]]) -> dict[str, Any]:
    """The declared outputs in a function's answer. Raises ValueError: one is missing, or of another type."""
    try:
        answer = json.loads(payload or b"null")
    except ValueError as error:
        raise ValueError(f"the function's answer is not JSON: {error}") from error
    if outputs and not isinstance(answer, dict):
        raise ValueError(f"the function must answer with an object for its outputs, not {type(answer).__name__}")
    values = {}
    for output in outputs:
        name, kind = output["OutputName"], output["OutputType"]
        if name not in answer:
            raise ValueError(f"the function's answer has no output '{name}'")
        value = answer[name]
        if not isinstance(value, OUTPUT_TYPES[kind]) or isinstance(value, bool) != (kind == "Boolean"):
            raise ValueError(f"the function's output '{name}' is {value!r}, which is not of type {kind}")
        values[name] = value
    return values


def _failed(metadata: dict[str, Any], handle: str, reason: str) -> Progress:
    failure = Failure(f"ClientError: the Lambda function {metadata['Arn'].rpartition(':')[2]} failed: {reason}")
    return Progress("Failed", {"Lambda": metadata}, handle=handle, failure=failure)
