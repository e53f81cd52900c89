"""Steps that run a job: create it, describe it until it has ended, stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.pipeline.steps.base import Call, Failure, Progress, Start
from local_aws.sagemaker.pipeline.structure import Step

STATUSES = {"Completed": "Succeeded", "Failed": "Failed", "Stopped": "Stopped"}

# How a job's FailureReason begins, and the retry policy's word for it (developer guide, "Retry Policy").
EXCEPTIONS = {
    "InternalServerError": "SageMaker.JOB_INTERNAL_ERROR",
    "CapacityError": "SageMaker.CAPACITY_ERROR",
    "ResourceLimitExceeded": "SageMaker.RESOURCE_LIMIT",
}


@dataclass(frozen=True)
class JobStep:
    """A step type around a job, whose operations and fields are all named after it ("TrainingJob")."""

    type: str
    resource: str
    cache_keys: tuple[str, ...] | None
    variable: str | None = None
    members: tuple[str, ...] = ()
    retryable: bool = True

    @property
    def operation(self) -> str:
        return f"Create{self.resource}"

    @property
    def name_argument(self) -> str:
        return f"{self.resource}Name"

    def check(self, step: Step) -> None:
        """A job's arguments are all there is to check."""

    def start(self, start: Start, call: Call) -> Progress:
        answer = call(self.operation, {**start.arguments, self.name_argument: start.resource_name})
        return Progress("Executing", self._metadata(answer), handle=start.resource_name)

    def poll(self, handle: str, call: Call) -> Progress:
        job = call(f"Describe{self.resource}", {self.name_argument: handle})
        status = STATUSES.get(job[f"{self.resource}Status"])
        if status is None:
            return Progress("Executing", self._metadata(job), handle=handle)
        reason = str(job.get("FailureReason") or "the job failed without a reason.")
        failure = Failure(f"ClientError: {reason}", _exception(reason)) if status == "Failed" else None
        return Progress(status, self._metadata(job), job, handle, failure)

    def stop(self, handle: str, call: Call) -> None:
        call(f"Stop{self.resource}", {self.name_argument: handle})

    def _metadata(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        return {self.resource: {"Arn": answer[f"{self.resource}Arn"]}}


def _exception(reason: str) -> str | None:
    return next((word for prefix, word in EXCEPTIONS.items() if reason.startswith(prefix)), None)
