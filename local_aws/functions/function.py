"""What the runner must know of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class FunctionNotFound(LookupError):
    """There is no function of this name and qualifier; the message is the service's own."""


@dataclass(frozen=True)
class Function:
    """One version of a function. Equal ones can be served by the same sandboxes.

    `timeout` is in seconds, `memory` in MiB, `code` the bytes of a zip file, as are `layers`, in the order in which
    later ones win.
    """

    name: str
    version: str
    arn: str
    runtime: str
    handler: str
    timeout: int
    memory: int
    log_group: str
    code_sha256: str
    layer_arns: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    logging: Mapping[str, str] = field(default_factory=dict)
    code: bytes = field(default=b"", compare=False, repr=False)
    layers: tuple[bytes, ...] = field(default=(), compare=False, repr=False)
    reserved_concurrency: int | None = field(default=None, compare=False)
    retries: int = field(default=2, compare=False)


# a name or ARN and a qualifier -> the function; raises FunctionNotFound
Find = Callable[[str, "str | None"], Function]


@dataclass(frozen=True)
class FunctionAnswer:
    """The outcome of an invocation. `function_error` is None, or Unhandled with the error as the payload.

    `log_tail` is the last 4 KB of the execution's log where it was asked for.
    """

    status_code: int
    payload: bytes
    function_error: str | None
    log_tail: bytes = b""
    executed_version: str = "$LATEST"
