"""One execution: begins steps as they become ready, watches those that run, and records every change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.pipeline import records, retries
from local_aws.sagemaker.pipeline.api import StepApi
from local_aws.sagemaker.pipeline.attempts import Attempts, CacheHit
from local_aws.sagemaker.pipeline.clock import Clock
from local_aws.sagemaker.pipeline.definition import parse_definition
from local_aws.sagemaker.pipeline.records import StepState
from local_aws.sagemaker.pipeline.schedule import final_status, ready_steps
from local_aws.sagemaker.pipeline.steps import STEP_TYPES
from local_aws.sagemaker.pipeline.steps.base import Failure, Progress
from local_aws.sagemaker.pipeline.structure import Step
from local_aws.sagemaker.store import Record

# Running steps are looked at often at first, then less: an end is seen late by a fiftieth of the step's time.
SHORTEST_POLL_SECONDS, LONGEST_POLL_SECONDS, POLLS = 0.01, 0.1, 50
DEFAULT_PARALLEL_STEPS = 50
FAILURE_REASON = "Step failure: One or multiple steps failed."

Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


@dataclass
class Running:
    """A step that has begun and not ended. `retry_at` is set while it waits to be started again."""

    step: Step
    handle: str = ""
    retry_at: datetime | None = None
    stop_sent: bool = False


class ExecutionRun:
    """Executes one execution in the calling thread; the other methods may be called from any thread."""

    def __init__(self, context: Context, clock: Clock, execution_id: str) -> None:
        self._context = context
        self._clock = clock
        self._api = StepApi(context, clock)
        self._id = execution_id
        self._wake = threading.Event()
        self._stop_requested = False
        self._abandoned = False
        self._ended_by_step = False
        self._running: dict[str, Running] = {}

    def request_stop(self) -> None:
        """Stop the running steps, begin no other, and end the execution as Stopped."""
        self._stop_requested = True
        self._wake.set()

    def abandon(self) -> None:
        """Return at once, leaving everything as it is recorded."""
        self._abandoned = True
        self._wake.set()

    def execute(self) -> None:
        """Run the execution to its end, which is recorded whatever happens."""
        try:
            self._prepare()
            while self._go_on():
                self._clock.wait(self._wake, self._poll_seconds())
                self._wake.clear()
        except Exception as error:
            logger.exception("pipeline execution %s", self._id)
            for running in list(self._running.values()):
                with suppress(Exception):
                    self._stop(running)
            self._end_execution(lambda _: "Failed", f"InternalServerError: {error}")
        else:
            if not self._abandoned:
                self._conclude()

    def _prepare(self) -> None:
        execution = self._context.store.get(records.EXECUTION, self._id)
        given = records.read_input(self._context.store, self._id)
        self._arn = execution.arn
        self._stop_requested = self._stop_requested or execution.status == "Stopping"
        self._definition = parse_definition(given.definition)
        self._selected = frozenset(given.selected)
        self._states = records.read_steps(self._context.store, self._id)
        self._attempts = Attempts(self._context, self._api, self._clock, execution, self._definition, given)

    def _go_on(self) -> bool:
        """One round; whether another one is needed."""
        if self._abandoned:
            return False
        if self._stop_requested or self._ended_by_step:
            for running in list(self._running.values()):
                self._stop(running)
        else:
            self._begin_ready()
        for running in list(self._running.values()):
            self._watch(running)
        return bool(self._running) or self._has_more()

    def _poll_seconds(self) -> float:
        latest = max((self._states[name].started for name in self._running), default=None)
        seconds = (self._clock.now() - latest).total_seconds() if latest else 0.0
        return min(max(seconds / POLLS, SHORTEST_POLL_SECONDS), LONGEST_POLL_SECONDS)

    def _has_more(self) -> bool:
        if self._stop_requested or self._ended_by_step:
            return False
        return bool(ready_steps(self._definition, self._states, self._selected))

    def _begin_ready(self) -> None:
        """Begin what is ready, as long as there is room; what ends at once may make more ready."""
        while not self._ended_by_step:
            ready = ready_steps(self._definition, self._states, self._selected)
            free = self._most_parallel() - len(self._running) if ready else 0
            if free <= 0:
                return
            for step in ready[:free]:
                if not self._ended_by_step:
                    self._begin(step)

    def _most_parallel(self) -> int:
        # Read anew each time: UpdatePipelineExecution may change it while the execution runs.
        body = self._context.store.get(records.EXECUTION, self._id).body
        configuration = body.get("ParallelismConfiguration") or {}
        return int(configuration.get("MaxParallelExecutionSteps", DEFAULT_PARALLEL_STEPS))

    def _begin(self, step: Step) -> None:
        running = Running(step)
        self._running[step.name] = running
        self._record(StepState(step.name, "Starting", self._clock.now()))
        self._launch(running)

    def _launch(self, running: Running) -> None:
        step = running.step
        state = self._states[step.name]
        outcome = self._guarded(step, lambda: self._attempts.start(step, state.attempts == 1))
        if isinstance(outcome, CacheHit):
            source = outcome.state
            hit = replace(
                state,
                metadata=source.metadata,
                properties=source.properties,
                cached_from=outcome.execution_arn,
            )
            self._end_step(running, hit.end("Succeeded", self._clock.now()))
        else:
            self._states[step.name] = replace(state, cache_key=self._attempts.cache_keys.get(step.name))
            self._follow(running, outcome)

    def _watch(self, running: Running) -> None:
        if running.retry_at is None:
            step_type = STEP_TYPES[running.step.type]
            progress = self._guarded(running.step, lambda: step_type.poll(running.handle, self._api))
            self._follow(running, progress)
        elif self._clock.now() >= running.retry_at:
            running.retry_at = None
            state = self._states[running.step.name]
            self._record(replace(state, attempts=state.attempts + 1, metadata={}))
            self._launch(running)

    def _guarded(self, step: Step, act: Callable[[], Answer]) -> Answer | Progress:
        """What `act` answers; an error of the API, or of this server, as the step's failure."""
        try:
            return act()
        except ServiceError as error:
            operation = STEP_TYPES[step.type].operation
            reason = f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {error.message}"
            return Progress("Failed", failure=Failure(reason, retries.exception_of(error)))
        except Exception as error:
            logger.exception("step %s of pipeline execution %s", step.name, self._id)
            return Progress("Failed", failure=Failure(f"InternalServerError: {error}"))

    def _follow(self, running: Running, progress: Progress) -> None:
        """Record where a step is now."""
        state = self._states[running.step.name]
        running.handle = progress.handle or running.handle
        metadata = progress.metadata or state.metadata
        known = replace(state, metadata=metadata, properties=progress.properties or state.properties)
        if progress.status == "Executing":
            known = replace(known, status="Stopping" if running.stop_sent else "Executing")
            if known != state:
                self._record(known)
        elif progress.status == "Failed":
            self._fail(running, known, progress.failure or Failure("ClientError: the step failed."))
            self._ended_by_step = self._ended_by_step or progress.ends_execution
        else:
            self._end_step(running, known.end(progress.status, self._clock.now()))

    def _fail(self, running: Running, state: StepState, failure: Failure) -> None:
        policy = retries.policy_for(running.step.retry_policies, failure.exception)
        now = self._clock.now()
        wait = retries.next_wait(policy, state.attempts, now - state.started) if policy else None
        if wait is not None and not self._stop_requested and not self._ended_by_step:
            running.retry_at = now + timedelta(seconds=wait)
            self._record(replace(state, status="Executing"))
            return
        reason = failure.reason
        if failure.exception and policy is None:
            kind = failure.exception.upper().replace(".", "_")
            reason += (
                f"\nRetry not appropriate on execution of step with PipelineExecutionArn {self._arn} "
                f"and StepId {state.name}. No retry policy configured for the exception type {kind}."
            )
        self._end_step(running, state.end("Failed", now, reason))

    def _stop(self, running: Running) -> None:
        state = self._states[running.step.name]
        if running.retry_at is not None:
            self._end_step(running, state.end("Stopped", self._clock.now()))
        elif not running.stop_sent:
            running.stop_sent = True
            self._record(replace(state, status="Stopping"))
            try:
                STEP_TYPES[running.step.type].stop(running.handle, self._api)
            except ServiceError as error:
                # It has ended in between: the next look at it shows how.
                logger.info("stopping step %s: %s", state.name, error.message)

    def _end_step(self, running: Running, state: StepState) -> None:
        del self._running[running.step.name]
        self._record(state)

    def _record(self, state: StepState) -> None:
        self._states[state.name] = state
        records.write_steps(self._context.store, self._id, self._states)

    def _conclude(self) -> None:
        def conclude(record: Record) -> str:
            # The record knows of a stop that came too late to be seen here.
            status = final_status(self._definition, self._states, record.status == "Stopping")
            return "Failed" if self._ended_by_step else status

        self._end_execution(conclude, FAILURE_REASON)

    def _end_execution(self, conclude: Callable[[Record], str], reason: str) -> None:
        def change(record: Record) -> tuple[str, dict[str, object]]:
            status = conclude(record)
            return status, {**record.body, "FailureReason": reason} if status == "Failed" else record.body

        self._context.store.edit(records.EXECUTION, self._id, change)
