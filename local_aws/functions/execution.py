"""One invocation in one sandbox: its time limits, its log, and what its caller is told."""

from __future__ import annotations

import json
import math
import platform
import secrets
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from local_aws.functions.channel import Message, invocation
from local_aws.functions.execution_log import ExecutionLog
from local_aws.functions.function import Function, FunctionAnswer
from local_aws.functions.sandbox import Sandbox, SandboxEnded, SandboxTimedOut

# how long a function may load before its timeout begins to count
INIT_SECONDS = 10.0
# 6 MB and 100 bytes, as the service's own message has it
LARGEST_ANSWER = 6_291_556
MIB = 1024 * 1024


@dataclass(frozen=True)
class Request:
    """What an invocation brings: the event, as JSON, and what the service tells the function besides."""

    payload: bytes
    client_context: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class WarmSandbox:
    """A sandbox with what is known of it: its log stream, when it was last used (time.monotonic), the memory used."""

    sandbox: Sandbox
    stream: str
    started: float
    scratch: Path
    ready: bool = False
    last_used: float = 0.0
    max_memory: int = 0


class Execution:
    """Runs one request. The sandbox can be used again afterwards if it is still alive."""

    def __init__(
        self,
        function: Function,
        warm: WarmSandbox,
        request: Request,
        log: ExecutionLog,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._function = function
        self._warm = warm
        self._sandbox = warm.sandbox
        self._request = request
        self._log = log
        self._now = now
        self._init_seconds: float | None = None
        # how long the function ran, once `run` has returned
        self.milliseconds = 0.0
        self._status: list[str] = []

    def run(self) -> FunctionAnswer:
        """The answer, whatever the function does; its log is written when this returns."""
        if not self._warm.ready:
            self._log.say(f"INIT_START Runtime Version: python:{platform.python_version()}")
        self._log.say(f"START RequestId: {self._request.id} Version: {self._function.version}")
        began = time.monotonic()
        try:
            failed_init = self._initialise()
            began = time.monotonic()
            payload, error = failed_init or self._serve(began + self._function.timeout)
        except SandboxTimedOut:
            self._sandbox.end()
            payload, error = self._timed_out()
        except SandboxEnded as ended:
            payload, error = self._exited(ended.code)
        self._report(time.monotonic() - began)
        return FunctionAnswer(200, payload, error, self._log.tail, self._function.version)

    def _initialise(self) -> tuple[bytes, str] | None:
        """Wait until the function is loaded. The service allows ten seconds, then the function's own timeout."""
        if self._warm.ready:
            return None
        message = self._receive(self._warm.started + INIT_SECONDS + self._function.timeout)
        self._init_seconds = time.monotonic() - self._warm.started
        if message.kind == "init_error":
            self._sandbox.end()
            self._status = ["Status: error", f"Error Type: {json.loads(message.body).get('errorType')}"]
            return message.body, "Unhandled"
        self._warm.ready = True
        return None

    def _serve(self, deadline: float) -> tuple[bytes, str | None]:
        self._sandbox.send(invocation(self._header(), self._request.payload), deadline)
        message = self._receive(deadline)
        if message.kind == "error":
            return message.body, "Unhandled"
        if len(message.body) > LARGEST_ANSWER:
            size = f"({LARGEST_ANSWER} bytes)"
            text = f"Response payload size exceeded maximum allowed payload size {size}."
            return _error("Function.ResponseSizeTooLarge", text), "Unhandled"
        return message.body, None

    def _receive(self, deadline: float) -> Message:
        message = self._sandbox.receive(deadline, self._log.feed)
        self._warm.max_memory = max(self._warm.max_memory, message.max_memory)
        return message

    def _header(self) -> dict[str, Any]:
        timeout_at = self._now().timestamp() + self._function.timeout
        trace = (
            f"Root=1-{int(self._now().timestamp()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
        )
        return {
            "invoke_id": self._request.id,
            "x_amzn_trace_id": trace,
            "invoked_function_arn": self._function.arn,
            "deadline_time_in_ms": int(timeout_at * 1000),
            "client_context": self._request.client_context,
            "cognito_identity": None,
            "tenant_id": None,
            "content_type": "application/json",
            "invocation_id": None,
        }

    def _timed_out(self) -> tuple[bytes, str]:
        text = f"Task timed out after {self._function.timeout:.2f} seconds"
        self._status = ["Status: timeout"]
        stamp = self._now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        self._log.say(f"{stamp}Z {self._request.id} {text}\n")
        return _error("Sandbox.Timedout", f"RequestId: {self._request.id} Error: {text}"), "Unhandled"

    def _exited(self, code: int) -> tuple[bytes, str]:
        reason = _exit_reason(code)
        self._status = ["Status: error", "Error Type: Runtime.ExitError"]
        self._log.say(f"RequestId: {self._request.id} Error: {reason}\nRuntime.ExitError")
        return _error("Runtime.ExitError", f"RequestId: {self._request.id} Error: {reason}"), "Unhandled"

    def _report(self, seconds: float) -> None:
        self.milliseconds = milliseconds = seconds * 1000
        parts = [
            f"REPORT RequestId: {self._request.id}",
            f"Duration: {milliseconds:.2f} ms",
            f"Billed Duration: {math.ceil(milliseconds + (self._init_seconds or 0.0) * 1000)} ms",
            f"Memory Size: {self._function.memory} MB",
            f"Max Memory Used: {math.ceil(self._warm.max_memory / MIB)} MB",
        ]
        if self._init_seconds is not None:
            parts.append(f"Init Duration: {self._init_seconds * 1000:.2f} ms")
        self._log.say(f"END RequestId: {self._request.id}")
        self._log.say("\t".join(parts + self._status) + "\t")
        self._log.close()


def _exit_reason(code: int) -> str:
    if code == 0:
        return "Runtime exited without providing a reason"
    if code > 128:
        try:
            name = signal.strsignal(code - 128)
        except ValueError:
            name = None
        if name:
            return f"Runtime exited with error: signal: {name.lower()}"
    return f"Runtime exited with error: exit status {code}"


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
