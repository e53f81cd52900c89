"""Step Functions' events: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from local_aws.events.event_bridge import EventBridge
from local_aws.workflows.records import Execution

SOURCE = "aws.states"
DETAIL_TYPE = "Step Functions Execution Status Change"
# of escaped text, as in the guide: the input goes where both together are more, the output where it alone is
LARGEST_DATA = 248 * 1024


class ExecutionEvents:
    """A listener of `Workflows.status_changes`."""

    def __init__(self, events: EventBridge) -> None:
        self._events = events

    def __call__(self, execution: Execution) -> None:
        """It has another status now."""
        moment = execution.stopped or execution.started
        self._events.publish(SOURCE, DETAIL_TYPE, detail_of(execution), [execution.arn], moment)


def detail_of(execution: Execution) -> dict[str, Any]:
    """The detail of the event. What there is not, or not yet, is null."""
    output_size = 0 if execution.output is None else _escaped_size(execution.output)
    has_output = output_size <= LARGEST_DATA
    has_input = _escaped_size(execution.input) + output_size <= LARGEST_DATA
    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _milliseconds(execution.started),
        "stopDate": execution.stopped and _milliseconds(execution.stopped),
        "input": execution.input if has_input else None,
        "inputDetails": {"included": has_input},
        "output": execution.output if has_output else None,
        "outputDetails": None if execution.output is None else {"included": has_output},
        "error": execution.error,
        "cause": execution.cause,
    }


def _escaped_size(text: str) -> int:
    return len(json.dumps(text))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
