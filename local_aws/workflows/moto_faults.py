"""Repairs of moto's Step Functions interpreter, tied to the version that they were written for.

Each is a fault that was met with state machines of this kind, and each has a test of its own.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jsonpath_ng
import jsonpath_ng.ext
import moto
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.utils import json_path

from local_aws.moto_patches import MOTO_VERSION, MotoVersionMismatch
from local_aws.moto_patches.replacing import replace

# neither can be caught, nor tried again, by the wildcard: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
NOT_ALL = {"States.DataLimitExceeded", "States.Runtime"}
KEPT_PATHS = 4096
LONGEST_UNNOTICED_SECONDS = 5.0
INTERPRETER = "moto.stepfunctions.parser"


def install() -> None:
    """Repair the interpreter, once for this process. Raises MotoVersionMismatch."""
    if moto.__version__ != MOTO_VERSION:
        raise MotoVersionMismatch(f"local_aws needs moto {MOTO_VERSION}, found {moto.__version__}.")
    _forget_threads()
    _write_no_data_to_the_log()
    _parse_paths_once()
    _share_programs()
    _name_errors()
    _run_programs_in_their_own_thread()
    _say_when_waiting()


def replace_everywhere(name: str, value: Any) -> None:
    """Put something in the place of a name that moto's modules import from each other."""
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(INTERPRETER) and name in vars(module):
            setattr(module, name, value)


class _NoThreads:
    """In the place of a list to which every thread is added, and from which none is ever taken."""

    def append(self, _thread: threading.Thread) -> None:
        """Let it be."""


def _forget_threads() -> None:
    """The list kept every execution's threads, and with them every picture that went through a state."""
    replace_everywhere("TMP_THREADS", _NoThreads())


def _write_no_data_to_the_log() -> None:
    """Every error was logged once for each level of the definition, with all of it, and with what was in the states."""

    def log(_component: EvalComponent, **_what: Any) -> None:
        return None

    replace(EvalComponent, _log_failure_event_exception=log, _log_exception=log)


def _parse_paths_once() -> None:
    """A path was parsed, for milliseconds, whenever it was followed."""
    json_path.parse = lru_cache(KEPT_PATHS)(jsonpath_ng.ext.parse)
    result_path.parse = lru_cache(KEPT_PATHS)(jsonpath_ng.parse)


def _share_programs() -> None:
    """Executions share parsed definitions; a key was given to a component when it was first needed, by two threads."""
    EvalComponent.heap_key = property(lambda component: str(id(component)))  # type: ignore[assignment, method-assign]


def _name_errors() -> None:
    """An error by the name States.* from a branch, an item or a Fail state became States.Runtime."""

    def new(cls: type[CustomErrorName], error_name: str | None) -> Any:
        try:
            return StatesErrorName.from_name(error_name or "")
        except ValueError:
            return object.__new__(cls)

    def init(error: CustomErrorName, error_name: str | None) -> None:
        error.error_name = error_name  # type: ignore[misc]

    matches = ErrorEqualsDecl._eval_body

    def eval_body(declared: ErrorEqualsDecl, env: Any) -> None:
        error = env.stack[-1]
        wildcard = any(name.error_name == "States.ALL" for name in declared.error_names)
        if wildcard and error is not None and error.error_name in NOT_ALL:
            env.stack[-1] = False
            return
        matches(declared, env)

    replace(CustomErrorName, __new__=new, __init__=init)
    replace(ErrorEqualsDecl, _eval_body=eval_body)


def _run_programs_in_their_own_thread() -> None:
    """Each program had a second thread, that only a timeout needs; one that was stopped first died with its branch."""
    evaluate = Program.eval

    def eval_program(program: Program, env: Any) -> None:
        if env.program_state() is not None and not env.is_running():
            return
        if program.timeout_seconds is not None:
            evaluate(program, env)
            return
        env.next_state_name = program.start_at.start_at_name
        EvalComponent.eval(program, env)

    replace(Program, eval=eval_program)


def _say_when_waiting() -> None:
    """Who counts the executions that have something to do is told of those that wait for time, or for others."""

    def wait_interval(_wait: WaitFunction, env: Any, wait_seconds: float) -> None:
        """moto's waits its whole time where it is stopped just before it begins, and is a second too long at times."""
        deadline = time.monotonic() + wait_seconds
        while env.is_running() and (left := deadline - time.monotonic()) > 0:
            env.program_state_event.wait(min(left, LONGEST_UNNOTICED_SECONDS))

    def resting(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(component: Any, env: Any, *args: Any, **kwargs: Any) -> Any:
            getattr(env.event_manager, "rests", lambda: None)()
            return method(component, env, *args, **kwargs)

        return call

    replace(WaitFunction, _wait_interval=resting(wait_interval))
    replace(
        StateTaskServiceCallback,
        _eval_integration_pattern=resting(StateTaskServiceCallback._eval_integration_pattern),
    )
