"""The executions of a map run's items."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from local_aws.workflows.records import (
    ABORTED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    Execution,
    execution_arn,
    new_name,
)

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.component.program.program import Program
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (
        MapRunRecord,
    )
    from moto.stepfunctions.parser.asl.eval.environment import Environment

    from local_aws.workflows.executions import Executions
    from local_aws.workflows.run import Run

COUNTERS = {SUCCEEDED: "succeeded", FAILED: "failed", TIMED_OUT: "timed_out", ABORTED: "aborted"}


class Children:
    """Executes items, and counts them in moto's record of the map run."""

    def __init__(self, env: Environment, record: MapRunRecord, program: Program, executions: Executions) -> None:
        self._env = env
        self._record = record
        self._program = program
        self._executions = executions
        self._lock = threading.Lock()
        self._running: set[Run] = set()
        self._stopped = False
        context: Any = env.states.context_object.context_object_data
        parent = executions.execution(str(context["Execution"]["Id"]))
        arn = record.map_state_machine_arn
        machine = executions.store.revision(parent.revision_id)
        self._machine = replace(machine, arn=arn, name=arn.rpartition(":")[2])

    def execute(self, given: str) -> Execution:
        """Execute one item, given as JSON, in this thread; how it ended."""
        name = new_name()
        execution = Execution(
            arn=execution_arn(self._machine.arn, name),
            state_machine_arn=self._machine.arn,
            revision_id=self._machine.revision_id,
            name=name,
            status=RUNNING,
            started=self._executions.now(),
            input=given,
            map_run_arn=self._record.map_run_arn,
        )
        self._count("pending", -1)
        self._count("running", 1)
        ended = self._executions.run_child(execution, self._machine, self._program, self._env, self._began)
        with self._lock:
            self._running = {run for run in self._running if run.execution.arn != execution.arn}
        self._count("running", -1)
        self._count(COUNTERS[ended.status], 1)
        self._count("results_written", 1)
        return ended

    def stop(self) -> None:
        """Abort those that are running, and those that are about to."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for run in running:
            self._executions.abort(run)

    def _began(self, run: Run) -> None:
        with self._lock:
            self._running.add(run)
            stopped = self._stopped
        if stopped:
            self._executions.abort(run)

    def _count(self, counter: str, by: int) -> None:
        getattr(self._record.item_counter, counter).offset(by)
        getattr(self._record.execution_counter, counter).offset(by)


def described_map_run(record: MapRunRecord) -> dict[str, Any]:
    """What moto's record says, as JSON; with the ARN that its children have for that of a state machine."""
    described: dict[str, Any] = dict(record.describe())
    status = described["status"]
    return {
        **described,
        "status": str(getattr(status, "value", status)),
        "stateMachineArn": record.map_state_machine_arn,
    }
