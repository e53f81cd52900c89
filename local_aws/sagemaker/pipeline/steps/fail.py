"""Fail: ends the execution as Failed, with a message of the pipeline's author."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.sagemaker.pipeline.parameters import to_text
from local_aws.sagemaker.pipeline.steps.base import BadStep, Call, Failure, Progress, Start
from local_aws.sagemaker.pipeline.structure import Step


@dataclass(frozen=True)
class FailStep:
    """Arguments: ErrorMessage, which becomes the step's FailureReason as it stands."""

    type: str = "Fail"
    operation: str | None = None
    name_argument: str | None = None
    variable: str | None = None
    cache_keys: tuple[str, ...] | None = None
    members: tuple[str, ...] = ()
    retryable: bool = False

    def check(self, step: Step) -> None:
        if not isinstance(step.arguments.get("ErrorMessage", ""), str | dict):
            raise BadStep("ErrorMessage must be a string or an expression")

    def start(self, start: Start, call: Call) -> Progress:
        value = start.arguments.get("ErrorMessage", "")
        message = to_text(value)
        return Progress("Failed", {"Fail": {"ErrorMessage": message}}, failure=Failure(message), ends_execution=True)

    def poll(self, handle: str, call: Call) -> Progress:
        raise AssertionError("a Fail step has ended when it has started")

    def stop(self, handle: str, call: Call) -> None:
        """Nothing is left running."""
