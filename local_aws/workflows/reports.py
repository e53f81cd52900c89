"""What executions tell CloudWatch: metrics in AWS/States, and their events in a log group.

Names and units: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from local_aws.logs import LogGroups
from local_aws.metrics import MetricDatum, Metrics
from local_aws.workflows.records import ABORTED, FAILED, SUCCEEDED, TIMED_OUT, Execution, StateMachine

NAMESPACE = "AWS/States"
ENDS = {
    SUCCEEDED: "ExecutionsSucceeded",
    FAILED: "ExecutionsFailed",
    TIMED_OUT: "ExecutionsTimedOut",
    ABORTED: "ExecutionsAborted",
}
DATA = {"input", "inputDetails", "output", "outputDetails", "parameters"}
FATAL = {"ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}


class ExecutionMetrics:
    """A Watch. A map run's children are not counted: they belong to their parent."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def started(self, execution: Execution) -> None:
        """Count it."""
        if execution.map_run_arn is None:
            self._put(execution, execution.started, ("ExecutionsStarted", 1.0, "Count"))

    def ended(self, execution: Execution, _machine: StateMachine, _events: list[dict[str, Any]]) -> None:
        """Count it by its end, with the time that it took."""
        if execution.map_run_arn is None and execution.stopped is not None:
            taken = (execution.stopped - execution.started).total_seconds() * 1000
            end = (ENDS[execution.status], 1.0, "Count")
            self._put(execution, execution.stopped, end, ("ExecutionTime", round(taken), "Milliseconds"))

    def _put(self, execution: Execution, moment: datetime, *values: tuple[str, float, str]) -> None:
        dimensions = {"StateMachineArn": execution.state_machine_arn}
        self._metrics.put(
            NAMESPACE,
            [MetricDatum(name, dimensions, unit, moment, (float(value),), (1.0,)) for name, value, unit in values],
        )


class ExecutionLogs:
    """A Watch. An execution's events go to its state machine's log group, all together when it has ended."""

    def __init__(self, logs: LogGroups) -> None:
        self._logs = logs

    def started(self, _execution: Execution) -> None:
        """Nothing yet."""

    def ended(self, execution: Execution, machine: StateMachine, events: list[dict[str, Any]]) -> None:
        """Write the events that the state machine's level lets through."""
        configuration = machine.settings.get("loggingConfiguration") or {}
        level = configuration.get("level", "OFF")
        if level == "OFF":
            return
        group = configuration["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"].split(":")[6]
        day = execution.started.strftime("%Y-%m-%d")
        stream = f"states/{machine.name.replace(':', '-')}/{day}/{execution.name}"
        with_data = bool(configuration.get("includeExecutionData"))
        lines = [_line(execution, event, with_data) for event in events if _passes(event["type"], level)]
        self._logs.write(group, stream, lines)


def _passes(kind: str, level: str) -> bool:
    if level == "ALL" or kind in FATAL:
        return True
    return level == "ERROR" and any(word in kind for word in ("Failed", "TimedOut", "Aborted"))


def _line(execution: Execution, event: Mapping[str, Any], with_data: bool) -> str:
    shown = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": dict(_details(event, with_data)),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(int(event["timestamp"] * 1000)),
        "execution_arn": execution.arn,
    }
    return json.dumps(shown, separators=(",", ":"))


def _details(event: Mapping[str, Any], with_data: bool) -> Iterator[tuple[str, Any]]:
    for value in event.values():
        if isinstance(value, Mapping):
            yield from ((name, part) for name, part in value.items() if with_data or name not in DATA)


def status_change(execution: Execution) -> dict[str, Any]:
    """The detail of EventBridge's "Step Functions Execution Status Change", source aws.states.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    included = {"included": True}

    def milliseconds(moment: datetime | None) -> int | None:
        return int(moment.astimezone(timezone.utc).timestamp() * 1000) if moment else None

    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": milliseconds(execution.started),
        "stopDate": milliseconds(execution.stopped),
        "input": execution.input,
        "inputDetails": included,
        "output": execution.output,
        "outputDetails": included if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
    }
