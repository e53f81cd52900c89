"""Condition: compares values; which branch runs follows from its outcome."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.sagemaker.pipeline.conditions import BadCondition, check_condition, evaluate_all
from local_aws.sagemaker.pipeline.steps.base import BadStep, Call, Failure, Progress, Start
from local_aws.sagemaker.pipeline.structure import Step


@dataclass(frozen=True)
class ConditionStep:
    """Arguments: Conditions, all of which must hold. Its one property is Outcome, true or false."""

    type: str = "Condition"
    operation: str | None = None
    name_argument: str | None = None
    variable: str | None = None
    cache_keys: tuple[str, ...] | None = None
    members: tuple[str, ...] = ()
    retryable: bool = False

    def check(self, step: Step) -> None:
        conditions = step.arguments.get("Conditions")
        if not isinstance(conditions, list):
            raise BadStep("Conditions must be a list")
        try:
            for condition in conditions:
                check_condition(condition)
        except BadCondition as error:
            raise BadStep(str(error)) from error

    def start(self, start: Start, call: Call) -> Progress:
        try:
            outcome = evaluate_all(start.arguments["Conditions"])
        except BadCondition as error:
            return Progress("Failed", failure=Failure(f"ClientError: {error}"))
        return Progress("Succeeded", {"Condition": {"Outcome": str(outcome)}}, {"Outcome": outcome})

    def poll(self, handle: str, call: Call) -> Progress:
        raise AssertionError("a Condition step has ended when it has started")

    def stop(self, handle: str, call: Call) -> None:
        """Nothing is left running."""
