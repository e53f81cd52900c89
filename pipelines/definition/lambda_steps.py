"""Lambda steps: their function, and the outputs that they declare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.definition.document import StepEntry, is_expression
from pipelines.definition.problem import Problem

FUNCTION_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]+)?")
OUTPUT_TYPES = ("String", "Integer", "Float", "Boolean")
OUTPUT_REFERENCE = re.compile(r"OutputParameters\['([^']*)'\]")


def check_lambda_step(step: StepEntry) -> Iterator[Problem]:
    """FunctionArn and OutputParameters; the arguments are the function's own matter, so long as they are an object."""
    if not isinstance(step.arguments, Mapping):
        yield Problem(f"{step.path}.Arguments", "is no structure: they are the function's event")
    function = step.step.get("FunctionArn")
    if not is_expression(function) and not (isinstance(function, str) and FUNCTION_ARN.fullmatch(function)):
        yield Problem(f"{step.path}.FunctionArn", f"{function!r} is not the ARN of a Lambda function")
    seen: set[str] = set()
    for index, output in enumerate(step.step.get("OutputParameters", [])):
        name, kind = output.get("OutputName"), output.get("OutputType")
        path = f"{step.path}.OutputParameters.{name or f'[{index}]'}"
        if not name:
            yield Problem(path, "OutputName is missing")
        if kind not in OUTPUT_TYPES:
            yield Problem(path, f"type {kind!r} is not one of {', '.join(OUTPUT_TYPES)}")
        if name in seen:
            yield Problem(path, "is declared twice")
        seen.add(name)


def output_type(step: StepEntry, path: str) -> str | None:
    """The declared type of the output that a path such as OutputParameters['X'] reads; None if there is none."""
    match = OUTPUT_REFERENCE.fullmatch(path)
    return outputs_of(step).get(match.group(1)) if match else None


def outputs_of(step: StepEntry) -> dict[str, str]:
    """Name -> type of the declared outputs."""
    outputs: list[Any] = step.step.get("OutputParameters", [])
    return {str(output.get("OutputName")): str(output.get("OutputType")) for output in outputs}
