"""What a step type is: one file of this package each, all with the same small interface.

The engine resolves a step's arguments, calls `start`, then `poll` until the step has ended. A step type is a
client of the API: it makes things with `call`, and never reads the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local_aws.sagemaker.pipeline.structure import Step

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
# of a step type whose results depend on every argument
EVERY_ARGUMENT = ("*",)


class Api(Protocol):
    """What a step type may call: SageMaker's operations, and Lambda functions."""

    def __call__(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """One call of the SageMaker API. Raises a ServiceError."""

    def begin_invocation(self, function: str, payload: bytes) -> str:
        """Invoke a function, given as ARN, in the background; returns a handle."""

    def end_of_invocation(self, handle: str) -> Invoked | None:
        """What the function answered; None while it runs."""


@dataclass(frozen=True)
class Invoked:
    """The end of a function's invocation: its answer, or why there is none, in one line."""

    payload: bytes = b""
    error: str | None = None


class BadStep(Exception):
    """A step's own rules are broken by its definition; the message says which."""


@dataclass(frozen=True)
class Start:
    """What a step type begins with: arguments without expressions, and a name for what it will make."""

    step: Step
    arguments: dict[str, Any]
    resource_name: str


@dataclass(frozen=True)
class Failure:
    """Why a step failed. `exception` is a retry policy's ExceptionType where the reason is of such a type."""

    reason: str
    exception: str | None = None


@dataclass(frozen=True)
class Progress:
    """Where a step is. `status` is Executing, Succeeded, Failed or Stopped.

    `metadata` is the step's Metadata as ListPipelineExecutionSteps shows it, `properties` what other steps
    can refer to, `handle` whatever the step type wants to be polled and stopped with (a name or an ARN).
    `ends_execution`: no other step may go on.
    """

    status: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    handle: str = ""
    failure: Failure | None = None
    ends_execution: bool = False


def request_of(step_type: StepType, step: Step) -> Mapping[str, Any]:
    """The part of a step's arguments that becomes the request of the type's operation."""
    request: Mapping[str, Any] = step.arguments["Arguments"] if step_type.members else step.arguments
    return request


class StepType(Protocol):
    """One type of step.

    `type` is the word in the definition. `operation` the API call whose request its arguments are, None for a
    type that calls none. `cache_keys` are the arguments that decide whether an earlier run can be reused,
    None for a type that is never cached. `name_argument` is the argument that would name what it makes, None
    where there is none. `variable` is the execution variable that holds that name while the arguments are
    resolved. `members` are the members of its document that only this type has; with them, a step's arguments
    are the document's `Arguments` and those members, each under its name; a cache key of `Arguments.X` is one of
    the former.
    """

    @property
    def type(self) -> str: ...
    @property
    def operation(self) -> str | None: ...
    @property
    def name_argument(self) -> str | None: ...
    @property
    def variable(self) -> str | None: ...
    @property
    def cache_keys(self) -> tuple[str, ...] | None: ...
    @property
    def retryable(self) -> bool: ...
    @property
    def members(self) -> tuple[str, ...]: ...

    def check(self, step: Step) -> None:
        """Raises BadStep for a definition that this type cannot execute."""

    def start(self, start: Start, call: Api) -> Progress:
        """Begin. Raises a ServiceError as the API answered it."""

    def poll(self, handle: str, call: Api) -> Progress:
        """Where a step that was Executing is now. Raises a ServiceError."""

    def stop(self, handle: str, call: Api) -> None:
        """Ask a step that is Executing to stop. Raises a ServiceError."""
