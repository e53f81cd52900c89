"""Step Functions without a server: executions over a store, with functions that are Python callables."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from local_aws.functions.function import FunctionAnswer, FunctionNotFound
from local_aws.workflows import interpreter
from local_aws.workflows.definition import check
from local_aws.workflows.executions import Executions, Watch
from local_aws.workflows.records import Execution, StateMachine
from local_aws.workflows.store import WorkflowStore
from tests.waiting import PATIENCE_SECONDS

PREFIX = "arn:aws:states:us-east-1:123456789012"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"


class FunctionFailed(Exception):
    """What a function raises, by the name that it has in the state machine."""

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(message)
        self.name = name


@dataclass
class Clock:
    """A millisecond later whenever it is looked at."""

    moment: datetime = datetime(2030, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


@dataclass
class Workflows:
    """One store with its executions; `functions` are what can be invoked, by name."""

    folder: Path
    functions: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    watches: tuple[Watch, ...] = ()

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.store = WorkflowStore(self.folder / "workflows.sqlite")
        self.executions = Executions(self.store, self.clock, self.watches)
        # nobody listens there
        interpreter.act_on(self._invoke, "http://127.0.0.1:9", self.executions)

    def machine(
        self, states: dict[str, Any], name: str = "machine", kind: str = "STANDARD", **top: Any
    ) -> StateMachine:
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, **top})
        check(definition, kind)
        interpreter.parse(definition)
        now = self.clock()
        arn = f"{PREFIX}:stateMachine:{name}"
        revision = f"{name} {now.isoformat()}"
        made = StateMachine(arn, name, kind, "arn:aws:iam::123456789012:role/r", definition, revision, now, now)
        self.store.put_machine(made)
        return made

    def run(self, machine: StateMachine, given: Any = None, name: str | None = None) -> Execution:
        """Execute, in a thread as the service does, and wait for the end."""
        started = self.executions.start(machine, name, json.dumps(given if given is not None else {}))
        return self.ended(started.arn)

    def ended(self, arn: str) -> Execution:
        for run in self.executions.runs():
            if run.execution.arn == arn:
                assert run.ended.wait(PATIENCE_SECONDS), self.executions.history(arn)
        return self.store.execution(arn)

    def once(self, states: dict[str, Any], given: Any = None, **top: Any) -> Execution:
        return self.run(self.machine(states, **top), given)

    def output(self, states: dict[str, Any], given: Any = None) -> Any:
        ended = self.once(states, given)
        assert ended.status == "SUCCEEDED", ended
        return json.loads(ended.output or "")

    def _invoke(self, function: str, payload: bytes, **_options: Any) -> FunctionAnswer:
        name = function.rpartition(":")[2]
        if name not in self.functions:
            raise FunctionNotFound(f"Function not found: {function}")
        try:
            result, error = self.functions[name](json.loads(payload)), None
        except FunctionFailed as failed:
            result, error = {"errorType": failed.name, "errorMessage": str(failed)}, "Unhandled"
        return FunctionAnswer(200, json.dumps(result).encode(), error, b"", "$LATEST")


def task(function: str, **more: Any) -> dict[str, Any]:
    """A state that invokes a function and ends the execution."""
    parameters = {"FunctionName": FUNCTION + function, "Payload.$": "$"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    ending = {} if "Next" in more else {"End": True}
    return {**state, "OutputPath": "$.Payload", **ending, **more}
