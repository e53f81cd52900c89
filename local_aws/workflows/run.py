"""One execution while it runs: moto's interpreter over a definition, with a history that can be read meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, StateMachineType
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramState,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.eval.states import ContextObjectData, ExecutionData, StateMachineData
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local_aws.workflows.dialect import for_moto
from local_aws.workflows.errors import InvalidDefinition
from local_aws.workflows.events import RunEvents
from local_aws.workflows.integrations import iso_time
from local_aws.workflows.records import (
    ABORTED,
    FAILED,
    SUCCEEDED,
    TIMED_OUT,
    Execution,
    Outcome,
    StateMachine,
)

LAST_EVENTS = {
    SUCCEEDED: "ExecutionSucceeded",
    FAILED: "ExecutionFailed",
    TIMED_OUT: "ExecutionTimedOut",
    ABORTED: "ExecutionAborted",
}
KEPT_PROGRAMS = 64


@lru_cache(KEPT_PROGRAMS)
def parse(definition: str) -> Program:
    """The definition as what moto interprets; its components hold nothing of an execution. Raises InvalidDefinition."""
    try:
        program: Any = AmazonStateLanguageParser.parse(for_moto(definition))[0]
    except ASLParserException as error:
        raise InvalidDefinition(f"Invalid State Machine Definition: '{'; '.join(error.errors)}'") from error
    except Exception as error:
        raise InvalidDefinition(f"Invalid State Machine Definition: '{error}'") from error
    parsed: Program = program
    return parsed


class Run:
    """An execution that was started. `rests` is called when it begins to wait for something outside."""

    def __init__(
        self,
        execution: Execution,
        machine: StateMachine,
        program: Program | None = None,
        rests: Callable[[], None] = lambda: None,
    ) -> None:
        self.execution = execution
        self.machine = machine
        self.events = RunEvents(rests)
        # held by whoever records the end
        self.ending = threading.Lock()
        self.ended = threading.Event()
        self._program = program or parse(machine.definition)
        self.environment = self._environment()
        self._add_started()

    def interpret(self) -> Outcome:
        """Execute the states; what became of it."""
        self._program.eval(self.environment)
        return self._outcome(self.environment.program_state())

    def stop(self, error: str | None, cause: str | None) -> None:
        """Let it do nothing more: the state that executes is the last; one that waits ends."""
        self.environment.set_stop(stop_date=datetime.now(timezone.utc), cause=cause, error=error)
        for waiting in list(self.environment.callback_pool_manager._pool.values()):
            waiting.interrupt_all()

    def close(self, outcome: Outcome) -> list[dict[str, Any]]:
        """The history as it stays, ended by this outcome."""
        details = {"output": outcome.output, "error": outcome.error, "cause": outcome.cause}
        given = {name: value for name, value in details.items() if value is not None}
        if outcome.output is not None:
            given["outputDetails"] = {"truncated": False}  # type: ignore[assignment]
        return self.events.close(LAST_EVENTS[outcome.status], given)

    def _environment(self) -> Environment:
        execution, machine = self.execution, self.machine
        region, account = execution.arn.split(":")[3:5]
        environment = Environment(
            aws_execution_details=AWSExecutionDetails(account=account, region=region, role_arn=machine.role_arn),
            execution_type=StateMachineType(machine.type),
            context=ContextObjectData(  # type: ignore[typeddict-item]
                Execution=ExecutionData(
                    Id=execution.arn,
                    Input=json.loads(execution.input),
                    Name=execution.name,
                    RoleArn=machine.role_arn,
                    StartTime=iso_time(execution.started),
                ),
                StateMachine=StateMachineData(Id=machine.arn, Name=machine.name),
            ),
            event_history_context=EventHistoryContext.of_program_start(),
            cloud_watch_logging_session=None,
            activity_store={},
        )
        environment.event_manager = self.events
        # running from now on, so that it can be stopped before it has begun
        environment.next_state_name = self._program.start_at.start_at_name
        return environment

    def _add_started(self) -> None:
        self.events.add_event(
            self.environment.event_history_context,
            HistoryEventType.ExecutionStarted,
            {
                "executionStartedEventDetails": {
                    "input": self.execution.input,
                    "inputDetails": {"truncated": False},
                    "roleArn": self.machine.role_arn,
                }
            },
            update_source_event_id=False,
        )

    def _outcome(self, state: ProgramState) -> Outcome:
        if isinstance(state, ProgramEnded):
            return Outcome(SUCCEEDED, to_json_str(self.environment.states.get_input(), separators=(",", ":")))
        if isinstance(state, ProgramStopped):
            return Outcome(ABORTED, error=state.error, cause=state.cause)
        if isinstance(state, ProgramTimedOut):
            return Outcome(TIMED_OUT)
        details = (state.error or {}) if isinstance(state, ProgramError) else {}
        return Outcome(FAILED, error=details.get("error"), cause=details.get("cause"))
