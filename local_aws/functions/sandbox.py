"""A sandbox: one process that serves a function's invocations, one after the other."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local_aws.functions.channel import Inbox, Message
from local_aws.sagemaker.jobs.process import SHIM

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
RECEIVED_AT_ONCE = 1 << 20
END_SECONDS = 10.0

OnOutput = Callable[[bytes], None]


class SandboxEnded(Exception):
    """The process has ended, with this exit code (128 + signal number where a signal ended it)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the sandbox ended with exit code {code}")
        self.code = code


class SandboxTimedOut(Exception):
    """No message came before the deadline."""


class Sandbox:
    """The process, its socket and its output. Used by one thread at a time, except for `end`.

    It runs under the same shim as a container, which ends it with all that it started when the server ends.
    """

    def __init__(
        self,
        handler: str,
        module_folders: Sequence[Path],
        environment: Mapping[str, str],
        bootstrap: Path = BOOTSTRAP,
    ) -> None:
        """Start it in the first of the folders that modules are found in; returns before the function is loaded."""
        self._inbox = Inbox()
        self._ending = threading.Lock()
        control_read, self._control = os.pipe()
        self._output, output_write = os.pipe()
        self._connection, theirs = socket.socketpair()
        os.set_blocking(self._output, False)
        descriptor = theirs.fileno()
        folders = [str(folder) for folder in module_folders]
        command = [sys.executable, str(bootstrap), str(descriptor), handler, *folders]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SHIM), str(control_read), *command],
                env=dict(environment),
                cwd=module_folders[0],
                stdin=subprocess.DEVNULL,
                stdout=output_write,
                stderr=subprocess.STDOUT,
                pass_fds=(control_read, descriptor),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._control)
            os.close(self._output)
            self._connection.close()
            raise
        finally:
            os.close(control_read)
            os.close(output_write)
            theirs.close()

    @property
    def alive(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def send(self, message: bytes, deadline: float) -> None:
        """Send to the process. Raises SandboxEnded; SandboxTimedOut at `deadline`, of time.monotonic."""
        self._connection.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            self._connection.sendall(message)
        except TimeoutError as error:
            raise SandboxTimedOut from error
        except OSError as error:
            raise SandboxEnded(self._process.wait()) from error

    def receive(self, deadline: float, on_output: OnOutput, tick_seconds: float = 0.2) -> Message:
        """The next message. What the process writes goes to `on_output`, all that it wrote before the message.

        `on_output` is called with nothing when nothing came for `tick_seconds`. Raises SandboxEnded; SandboxTimedOut
        at `deadline`, of time.monotonic.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            selector.register(self._connection, selectors.EVENT_READ)
            while True:
                if message := self._inbox.take():
                    self.drain(on_output)
                    return message
                left = deadline - time.monotonic()
                if left <= 0:
                    self.drain(on_output)
                    raise SandboxTimedOut
                ready = {key.fileobj for key, _ in selector.select(min(left, tick_seconds))}
                if not ready:
                    on_output(b"")
                if self._output in ready and not self.drain(on_output):
                    selector.unregister(self._output)
                if self._connection in ready:
                    self._receive_piece(on_output)

    def drain(self, on_output: OnOutput) -> bool:
        """Pass on what the process has written so far; False when it can write no more."""
        while True:
            try:
                content = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return True
            if not content:
                return False
            on_output(content)

    def end(self) -> None:
        """End the process with all that it started, and wait until it is gone. May be called more than once."""
        with self._ending:
            if self._control < 0:
                return
            # the end of this pipe is the shim's order to kill
            os.close(self._control)
            self._control = -1
        self._process.wait(END_SECONDS)

    def close(self) -> None:
        """End it, and let go of its socket and its output; by the thread that uses it."""
        self.end()
        self._connection.close()
        os.close(self._output)

    def _receive_piece(self, on_output: OnOutput) -> None:
        self._connection.settimeout(None)
        try:
            piece = self._connection.recv(RECEIVED_AT_ONCE)
        except ConnectionResetError:
            piece = b""
        if not piece:
            code = self._process.wait()
            self.drain(on_output)
            raise SandboxEnded(code)
        self._inbox.feed(piece)
