"""What becomes of executions that ran when the process ended: they are aborted, with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from local_aws.workflows.integrations import iso_time
from local_aws.workflows.records import ABORTED, Outcome
from local_aws.workflows.store import WorkflowStore

INTERRUPTED = Outcome(ABORTED, error="LocalAws.Stopped", cause="The local AWS ended while this execution ran.")


def abort_left_running(store: WorkflowStore, now: datetime) -> None:
    """End what is recorded as running and is not; its history went with the process, but for beginning and end."""
    error, cause = INTERRUPTED.error, INTERRUPTED.cause
    for execution in store.running():
        started = {"input": execution.input, "inputDetails": {"truncated": False}}
        events = [
            _event(1, "ExecutionStarted", execution.started, {"executionStartedEventDetails": started}),
            _event(2, "ExecutionAborted", now, {"executionAbortedEventDetails": {"error": error, "cause": cause}}),
        ]
        store.end_execution(replace(execution, status=ABORTED, stopped=now, error=error, cause=cause), events)
    for run in store.running_map_runs():
        ended = {**run, "status": ABORTED, "stopDate": iso_time(now)}
        store.put_map_run(run["mapRunArn"], run["executionArn"], ended)


def _event(number: int, kind: str, moment: datetime, details: dict[str, Any]) -> dict[str, Any]:
    return {"timestamp": moment.timestamp(), "type": kind, "id": number, "previousEventId": number - 1, **details}
