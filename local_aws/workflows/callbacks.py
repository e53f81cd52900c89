"""The operations by which others end a task that waits for its token."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.workflows.errors import InvalidOutput, InvalidToken, TaskDoesNotExist, TaskTimedOut
from local_aws.workflows.workflows import Workflows


def succeed(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """SendTaskSuccess."""
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeSuccess

    try:
        json.loads(request["output"])
    except ValueError as error:
        raise InvalidOutput(f"Invalid Output: '{error}'") from error
    token = request["taskToken"]
    outcome = CallbackOutcomeSuccess(callback_id=token, output=request["output"])
    _tell(workflows, lambda pool: pool.notify(callback_id=token, outcome=outcome))
    return {}


def fail(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """SendTaskFailure."""
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeFailure

    token = request["taskToken"]
    outcome = CallbackOutcomeFailure(callback_id=token, error=request.get("error"), cause=request.get("cause"))
    _tell(workflows, lambda pool: pool.notify(callback_id=token, outcome=outcome))
    return {}


def beat(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """SendTaskHeartbeat."""
    token = request["taskToken"]
    # a task without HeartbeatSeconds takes none, and minds none
    _tell(workflows, lambda pool: pool.heartbeat(callback_id=token) or pool.get(token) is not None)
    return {}


def _tell(workflows: Workflows, tell: Callable[[Any], Any]) -> None:
    """Tell the execution whose token it is; each one's tokens are in a pool of its own."""
    from moto.stepfunctions.parser.asl.eval.callback.callback import (
        CallbackConsumerTimeout,
        CallbackNotifyConsumerError,
    )

    for run in workflows.executions.runs():
        try:
            if tell(run.environment.callback_pool_manager):
                return
        except CallbackNotifyConsumerError as error:
            if isinstance(error.callback_consumer_error, CallbackConsumerTimeout):
                raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'") from error
            raise TaskDoesNotExist("Task does not exist: 'Provided task does not exist anymore'") from error
    raise InvalidToken("Invalid Token: 'Invalid token'")
