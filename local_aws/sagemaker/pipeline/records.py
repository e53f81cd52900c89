"""Executions in the store: three records each, all named by the execution's id.

PipelineExecution is what DescribePipelineExecution answers. PipelineExecutionInput never changes: the
definition and the parameters it was started with. PipelineExecutionSteps changes with every step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ResourceNotFound
from local_aws.sagemaker.jobs.reasons import shorten
from local_aws.sagemaker.store import Record, RecordNotFound, Store

EXECUTION = "PipelineExecution"
INPUT = "PipelineExecutionInput"
STEPS = "PipelineExecutionSteps"

RUNNING = ("Executing", "Stopping")
STEP_ENDS = ("Succeeded", "Failed", "Stopped")

ARN = re.compile(r"arn:[^:]+:sagemaker:[^:]*:\d{12}:pipeline/(?P<pipeline>[^/]+)/execution/(?P<id>[^/]+)")


@dataclass(frozen=True)
class StepState:
    """One step of one execution.

    `metadata` is as ListPipelineExecutionSteps shows it. `properties` are what other steps can refer to,
    there when the step has succeeded. `cached_from` and `reused_from` are ARNs of the executions that really
    ran it.
    """

    name: str
    status: str
    started: datetime
    ended: datetime | None = None
    attempts: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    cache_key: str | None = None
    cached_from: str | None = None
    reused_from: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether this status is its last."""
        return self.status in STEP_ENDS

    def end(self, status: str, moment: datetime, reason: str | None = None) -> StepState:
        """The state at the end of the step, the reason cut to what the API can show."""
        return replace(self, status=status, ended=moment, failure_reason=reason and shorten(reason))


@dataclass(frozen=True)
class ExecutionInput:
    """What an execution was started with.

    `parameters` are by name, in the pipeline's order, as typed values; `selected` the steps of a selective
    execution.
    """

    definition: str
    parameters: Mapping[str, Any]
    pipeline_created: datetime
    selected: tuple[str, ...] = ()


def find_execution(context: Context, arn: str) -> Record:
    """The execution with this ARN. Raises ResourceNotFound."""
    found = ARN.fullmatch(arn)
    try:
        if found is None:
            raise RecordNotFound(arn)
        record = context.store.get(EXECUTION, found["id"])
    except RecordNotFound as error:
        raise ResourceNotFound(f"Pipeline execution with ARN {arn} does not exist.") from error
    if record.arn != arn:
        raise ResourceNotFound(f"Pipeline execution with ARN {arn} does not exist.")
    return record


def executions_of(context: Context, pipeline_arn: str, since: datetime) -> list[Record]:
    """A pipeline's executions, oldest first; `since` its creation leaves out those of a namesake."""
    records = context.store.all(EXECUTION)
    return [each for each in records if each.body["PipelineArn"] == pipeline_arn and each.created >= since]


def create_execution(
    store: Store, arn: str, body: dict[str, Any], given: ExecutionInput, steps: Mapping[str, StepState]
) -> Record:
    """Add an execution, Executing: what it was started with, and the states its steps begin with."""
    name = arn.rpartition("/")[2]
    store.insert(INPUT, name, f"{arn}/input", asdict(given))
    store.insert(STEPS, name, f"{arn}/steps", _steps_body(steps))
    return store.insert(EXECUTION, name, arn, body, "Executing")


def read_input(store: Store, execution_id: str) -> ExecutionInput:
    """What the execution was started with."""
    body = store.get(INPUT, execution_id).body
    return ExecutionInput(**{**body, "selected": tuple(body["selected"])})


def write_steps(store: Store, execution_id: str, steps: Mapping[str, StepState]) -> None:
    """Replace the states of an execution's steps."""
    store.update(STEPS, execution_id, **_steps_body(steps))


def read_steps(store: Store, execution_id: str) -> dict[str, StepState]:
    """The states of an execution's steps by name, in the order in which they began."""
    return {each["name"]: StepState(**each) for each in store.get(STEPS, execution_id).body["steps"]}


def _steps_body(steps: Mapping[str, StepState]) -> dict[str, Any]:
    return {"steps": [asdict(state) for state in steps.values()]}
