"""The worker that is Step Functions: its records, what runs, and where the tasks go."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.workflows import interpreter
from local_aws.workflows.executions import Executions
from local_aws.workflows.records import Execution, StateMachine
from local_aws.workflows.reports import ExecutionLogs, ExecutionMetrics
from local_aws.workflows.store import WorkflowStore

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html, "Execution history retention time"
KEPT = timedelta(days=90)


class StatusChanges:
    """A Watch. Tells whoever wants to know of every change of status, in the thread of the execution."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Execution], None]] = []

    def started(self, execution: Execution) -> None:
        """It is RUNNING."""
        self._tell(execution)

    def ended(self, execution: Execution, _machine: StateMachine, _events: list[dict[str, Any]]) -> None:
        """It is no more."""
        self._tell(execution)

    def _tell(self, execution: Execution) -> None:
        if execution.map_run_arn is None and ":express:" not in execution.arn:
            for listener in self.listeners:
                listener(execution)


class Workflows:
    """A Worker of the context, as "workflows". `lock` is held while a state machine is changed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.lock = threading.Lock()
        self.now: Callable[[], datetime] = context.now
        self.store = WorkflowStore(context.state_dir / "workflows.sqlite")
        self.status_changes = StatusChanges()
        watches = (ExecutionMetrics(context.metrics), ExecutionLogs(context.logs), self.status_changes)
        self.executions = Executions(self.store, context.now, watches)
        interpreter.act_on(context.functions.invoke, context.endpoint_url, self.executions)

    def arn(self, resource: str) -> str:
        """The ARN of a resource given as `stateMachine:name`."""
        return f"arn:aws:states:{self._context.region}:{self._context.account_id}:{resource}"

    def start_execution(self, state_machine_arn: str, given: Any = None, name: str | None = None) -> Execution:
        """Start an execution with an input, {} where there is none, and return at once.

        Raises the service's errors: StateMachineDoesNotExist, ExecutionAlreadyExists, InvalidName, InvalidArn.
        """
        from local_aws.workflows.state_machines import find

        machine = find(self, state_machine_arn)
        return self.executions.start(machine, name, json.dumps({} if given is None else given))

    def start(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever started by name."""
        raise NotImplementedError(f"{kind} {name}")

    def stop(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever stopped by name."""
        raise NotImplementedError(f"{kind} {name}")

    def recover(self) -> None:
        """End what an earlier process left running, and forget what ended long ago."""
        self.executions.recover()
        self.store.forget_before(self.now() - KEPT)

    def shutdown(self) -> None:
        """Abort what runs, and close the records."""
        self.executions.shutdown()
        self.store.close()
