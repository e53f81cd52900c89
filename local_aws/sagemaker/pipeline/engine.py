"""The worker for pipeline executions: a thread for each that runs."""

from __future__ import annotations

import logging
import threading
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.pipeline import records
from local_aws.sagemaker.pipeline.clock import Clock, SystemClock
from local_aws.sagemaker.pipeline.run import ExecutionRun
from local_aws.sagemaker.store import Record

INTERRUPTED = "the local AWS ended while it was running; RetryPipelineExecution goes on from here."

logger = logging.getLogger(__name__)


class PipelineEngine:
    """Executes PipelineExecution records. Implements Worker."""

    def __init__(self, context: Context, clock: Clock | None = None) -> None:
        self._context = context
        self._clock = clock or SystemClock(context.now)
        self._lock = threading.Lock()
        self._closed = False
        self._runs: dict[str, tuple[ExecutionRun, threading.Thread]] = {}

    def start(self, kind: str, name: str) -> None:
        """Begin to execute the execution with this id, or to go on with it; returns at once."""
        run = ExecutionRun(self._context, self._clock, name)
        thread = threading.Thread(target=self._execute, args=(name, run), name=f"execution-{name}", daemon=True)
        with self._lock:
            if not self._closed:
                self._runs[name] = (run, thread)
                thread.start()

    def stop(self, kind: str, name: str) -> None:
        """Stop the execution with this id, which has status Stopping already; returns at once."""
        with self._lock:
            running = self._runs.get(name)
        if running:
            running[0].request_stop()

    def recover(self) -> None:
        """End, as Failed with a reason, the executions that an earlier process left running."""
        for execution in self._context.store.all(records.EXECUTION, records.RUNNING):
            try:
                self._interrupt(execution)
            except Exception:
                # One unreadable execution must not keep the server from starting.
                logger.exception("pipeline execution %s could not be ended", execution.name)

    def shutdown(self) -> None:
        """Leave every execution where it is, recorded as Failed with the reason."""
        with self._lock:
            self._closed = True
            runs = list(self._runs.values())
        for run, _ in runs:
            run.abandon()
        for _, thread in runs:
            thread.join()
        self.recover()

    def _execute(self, name: str, run: ExecutionRun) -> None:
        try:
            run.execute()
        finally:
            with self._lock:
                # A retry may have put another run of the same execution there.
                if self._runs[name][0] is run:
                    del self._runs[name]

    def _interrupt(self, execution: Record) -> None:
        store, moment = self._context.store, self._clock.now()
        states = records.read_steps(store, execution.name)
        ended = {
            name: state if state.has_ended else state.end("Failed", moment, f"InternalServerError: {INTERRUPTED}")
            for name, state in states.items()
        }
        records.write_steps(store, execution.name, ended)

        def fail(record: Record) -> tuple[str, dict[str, Any]]:
            return "Failed", {**record.body, "FailureReason": f"Execution interrupted: {INTERRUPTED}"}

        store.edit(records.EXECUTION, execution.name, fail)
