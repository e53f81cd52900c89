"""Executions: started in threads of their own, stopped at once, and in the store when they have ended."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from local_aws.workflows.errors import ExecutionAlreadyExists, ExecutionDoesNotExist, InvalidExecutionInput
from local_aws.workflows.interpreter import new_run
from local_aws.workflows.records import (
    ABORTED,
    EXPRESS,
    FAILED,
    RUNNING,
    Execution,
    Outcome,
    StateMachine,
    check_name,
    execution_arn,
    express_arn,
    new_name,
)
from local_aws.workflows.recovery import INTERRUPTED, abort_left_running
from local_aws.workflows.store import NameTaken, WorkflowStore

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.component.program.program import Program

    from local_aws.workflows.run import Run

LOGGER = logging.getLogger(__name__)

# those that wait for time, or for others, are not counted
AT_ONCE = 100
LARGEST_INPUT = 262_144


class Watch(Protocol):
    """Told of what becomes of executions: metrics, logs, events."""

    def started(self, execution: Execution) -> None:
        """It is recorded, and will run."""

    def ended(self, execution: Execution, machine: StateMachine, events: list[dict[str, Any]]) -> None:
        """It has another status than RUNNING, and this history."""


class Executions:
    """All executions of one local AWS; what is running is here, the rest in the store."""

    def __init__(self, store: WorkflowStore, now: Callable[[], datetime], watches: tuple[Watch, ...] = ()) -> None:
        self.store = store
        self.now = now
        self._watches = watches
        self._lock = threading.Lock()
        self._running: dict[str, Run] = {}
        self._queue: deque[Run] = deque()
        self._busy = 0

    def start(self, machine: StateMachine, name: str | None, given: str) -> Execution:
        """Begin an execution; the running one by the same name, where it has the same input.

        Raises InvalidName, InvalidExecutionInput, ExecutionAlreadyExists.
        """
        execution = self._new(machine, name, given)
        if machine.type != EXPRESS:
            try:
                self.store.add_execution(execution)
            except NameTaken as error:
                there = self.store.execution(execution.arn)
                if there.status == RUNNING and there.input == given:
                    return there
                raise ExecutionAlreadyExists(f"Execution Already Exists: '{execution.arn}'") from error
        self._admit(self._begin(execution, machine))
        return execution

    def start_and_wait(self, machine: StateMachine, name: str | None, given: str) -> Execution:
        """Execute in the caller's thread. Raises InvalidName, InvalidExecutionInput."""
        run = self._begin(self._new(machine, name, given), machine)
        return self._interpret(run)

    def run_child(
        self,
        execution: Execution,
        machine: StateMachine,
        program: Program,
        within: Any,
        began: Callable[[Run], None],
    ) -> Execution:
        """Execute a map run's child, in the caller's thread; it is stopped with `within`, its parent's Environment.

        `began` is called with what runs, from when it can be aborted.
        """
        self.store.add_execution(execution)
        run = self._begin(execution, machine, program)
        began(run)
        with within._state_mutex:
            within._frames.append(run.environment)
            if not within.is_running():
                run.stop(None, None)
        try:
            return self._interpret(run)
        finally:
            within.delete_frame(run.environment)

    def stop(self, arn: str, error: str | None, cause: str | None) -> Execution:
        """Abort a running execution, at once; one that has ended stays as it is. Raises ExecutionDoesNotExist."""
        with self._lock:
            run = self._running.get(arn)
        if run is not None:
            self.abort(run, error, cause)
        return self.execution(arn)

    def abort(self, run: Run, error: str | None = None, cause: str | None = None) -> None:
        """As `stop`, of what runs."""
        run.stop(error, cause)
        self._end(run, Outcome(ABORTED, error=error, cause=cause))

    def execution(self, arn: str) -> Execution:
        """Raises ExecutionDoesNotExist."""
        try:
            return self.store.execution(arn)
        except KeyError as error:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'") from error

    def history(self, arn: str) -> list[dict[str, Any]]:
        """The events so far, oldest first. Raises ExecutionDoesNotExist."""
        with self._lock:
            run = self._running.get(arn)
        if run is not None:
            return run.events.get_event_history()
        self.execution(arn)
        try:
            return self.store.history(arn)
        except KeyError:
            return []

    def runs(self) -> list[Run]:
        """What is running now."""
        with self._lock:
            return list(self._running.values())

    def recover(self) -> None:
        """End what an earlier process left running."""
        abort_left_running(self.store, self.now())

    def shutdown(self) -> None:
        """Abort everything. Threads that are in the midst of a task end with the process."""
        with self._lock:
            self._queue.clear()
        for run in self.runs():
            run.stop(INTERRUPTED.error, INTERRUPTED.cause)
            self._end(run, INTERRUPTED)

    def _new(self, machine: StateMachine, name: str | None, given: str) -> Execution:
        if name is not None:
            check_name(name)
        if len(given.encode()) > LARGEST_INPUT:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: more than {LARGEST_INPUT} bytes")
        try:
            json.loads(given)
        except ValueError as error:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error
        named = name or new_name()
        arn = express_arn(machine.arn, named) if machine.type == EXPRESS else execution_arn(machine.arn, named)
        return Execution(arn, machine.arn, machine.revision_id, named, RUNNING, self.now(), given)

    def _begin(self, execution: Execution, machine: StateMachine, program: Program | None = None) -> Run:
        run: Run = new_run(execution, machine, program)
        with self._lock:
            self._running[execution.arn] = run
        self._tell(lambda watch: watch.started(execution))
        return run

    def _admit(self, run: Run) -> None:
        """A thread for the execution, or a place in the queue where too many are at work."""
        with self._lock:
            if self._busy >= AT_ONCE:
                self._queue.append(run)
                return
            self._busy += 1
        threading.Thread(target=self._work, args=(run,), name=run.execution.arn, daemon=True).start()

    def _work(self, run: Run) -> None:
        rested = threading.Lock()

        def leave() -> None:
            if rested.acquire(blocking=False):
                self._leave()

        run.events.rests = leave
        try:
            if not run.ended.is_set():
                self._interpret(run)
        finally:
            leave()

    def _leave(self) -> None:
        with self._lock:
            self._busy -= 1
            following = self._queue.popleft() if self._queue else None
        if following is not None:
            self._admit(following)

    def _interpret(self, run: Run) -> Execution:
        try:
            outcome = run.interpret()
        except Exception as error:
            LOGGER.exception("execution %s failed in the interpreter", run.execution.arn)
            outcome = Outcome(FAILED, error="States.Runtime", cause=f"{type(error).__name__}({error})")
        return self._end(run, outcome)

    def _end(self, run: Run, outcome: Outcome) -> Execution:
        """Record how it ended, unless it had ended."""
        if not run.ending.acquire(blocking=False):
            run.ended.wait()
            return run.execution
        ended = replace(
            run.execution,
            status=outcome.status,
            stopped=self.now(),
            output=outcome.output,
            error=outcome.error,
            cause=outcome.cause,
        )
        events = run.close(outcome)
        run.execution = ended
        try:
            self.store.end_execution(ended, events)
            self.store.forget_orphan(ended)
        finally:
            with self._lock:
                del self._running[ended.arn]
            run.ended.set()
        self._tell(lambda watch: watch.ended(ended, run.machine, events))
        return ended

    def _tell(self, what: Callable[[Watch], None]) -> None:
        for watch in self._watches:
            try:
                what(watch)
            except Exception:
                # the execution goes on, whoever cannot hear of it
                LOGGER.exception("an execution's change could not be told")
