"""What Step Functions keeps: state machines, executions, map runs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.workflows.errors import InvalidName

RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"
STANDARD, EXPRESS = "STANDARD", "EXPRESS"
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html, "name"
FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff]")
LONGEST_NAME = 80


@dataclass(frozen=True)
class StateMachine:
    """A state machine as it is now. `settings` are loggingConfiguration, tracingConfiguration and the like."""

    arn: str
    name: str
    type: str
    role_arn: str
    definition: str
    revision_id: str
    created: datetime
    updated: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Execution:
    """One execution. `input` and `output` are JSON; `map_run_arn` is there for children of a Distributed Map."""

    arn: str
    state_machine_arn: str
    revision_id: str
    name: str
    status: str
    started: datetime
    input: str
    stopped: datetime | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    map_run_arn: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How an execution ended: a status other than RUNNING, and what belongs to it."""

    status: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None


def check_name(name: str) -> None:
    """Raises InvalidName for a name of a state machine or execution that the service would not take."""
    if not 0 < len(name) <= LONGEST_NAME or FORBIDDEN.search(name):
        raise InvalidName(f"Invalid Name: '{name}'")


def new_name() -> str:
    """The name of an execution that was given none."""
    return str(uuid.uuid4())


def execution_arn(state_machine_arn: str, name: str) -> str:
    """The ARN of a standard state machine's execution, or of a map run's child."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def express_arn(state_machine_arn: str, name: str) -> str:
    """The ARN of an express state machine's execution, of which there may be several by one name."""
    return f"{state_machine_arn.replace(':stateMachine:', ':express:')}:{name}:{uuid.uuid4()}"
