"""A container: one supervised process tree, its output line by line, and an end to it in every case."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SHIM = Path(__file__).with_name("shim.py")
FLUSH_SECONDS = 0.2
LONGEST_LINE = 16 * 1024


@dataclass(frozen=True)
class Exit:
    """How a container ended: its exit code, and who ended it where it did not end by itself."""

    code: int
    ended_by: str | None


class Container:
    """A command in a session of its own, under a shim that outlives neither it nor this process.

    `on_lines` gets the merged standard output and error, in batches of lines, at most 0.2 s after they were
    written. `descriptors` are inherited by the command under their own numbers.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        folder: Path,
        on_lines: Callable[[list[str]], None],
        descriptors: Sequence[int] = (),
    ) -> None:
        self._on_lines = on_lines
        self._lock = threading.Lock()
        self._ended_by: str | None = None
        self._kill_at: float | None = None
        control_read, self._control = os.pipe()
        self._output, output_write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SHIM), str(control_read), *command],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output_write,
                stderr=subprocess.STDOUT,
                pass_fds=(control_read, *descriptors),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._control)
            os.close(self._output)
            raise
        finally:
            os.close(control_read)
            os.close(output_write)

    def wait(self, deadline: float | None = None, grace_seconds: float = 0.0) -> Exit:
        """Pass the output on until the end of the process tree, and say how it ended.

        At `deadline` (of time.monotonic) the container is terminated, as "deadline", with `grace_seconds` to
        end.
        """
        try:
            self._pump(deadline, grace_seconds)
            while True:
                try:
                    code = self._process.wait(FLUSH_SECONDS)
                    return Exit(code, self._ended_by)
                except subprocess.TimeoutExpired:
                    self._keep_time(deadline, grace_seconds)
        finally:
            self._close()

    def terminate(self, ended_by: str, grace_seconds: float) -> None:
        """Send SIGTERM, and SIGKILL after the grace. The first caller's `ended_by` is the one that counts."""
        with self._lock:
            kill_at = time.monotonic() + grace_seconds
            self._kill_at = min(kill_at, self._kill_at or kill_at)
            if self._ended_by is None:
                self._ended_by = ended_by
                self._order(b"T" if grace_seconds > 0 else b"K")
            elif grace_seconds <= 0:
                self._order(b"K")

    @property
    def running(self) -> bool:
        """Whether the process tree still lives."""
        return self._process.poll() is None

    def _pump(self, deadline: float | None, grace_seconds: float) -> None:
        lines = _Lines(self._on_lines)
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            while True:
                if selector.select(FLUSH_SECONDS):
                    content = os.read(self._output, 1 << 16)
                    if not content:
                        break
                    lines.feed(content)
                lines.flush_if_due()
                self._keep_time(deadline, grace_seconds)
        lines.finish()

    def _keep_time(self, deadline: float | None, grace_seconds: float) -> None:
        now = time.monotonic()
        if deadline is not None and now >= deadline and self._ended_by is None:
            self.terminate("deadline", grace_seconds)
        if self._kill_at is not None and now >= self._kill_at:
            self._order(b"K")

    def _order(self, order: bytes) -> None:
        try:
            if self._control >= 0:
                os.write(self._control, order)
        except BrokenPipeError:
            pass  # the shim has ended, and with it all there was to stop

    def _close(self) -> None:
        with self._lock:
            control, self._control = self._control, -1
            os.close(control)
        os.close(self._output)
        self._process.wait()


class _Lines:
    """Bytes to lines of text, handed on in batches."""

    def __init__(self, on_lines: Callable[[list[str]], None]) -> None:
        self._on_lines = on_lines
        self._rest = b""
        self._lines: list[str] = []
        self._due = 0.0

    def feed(self, content: bytes) -> None:
        *whole, self._rest = (self._rest + content).split(b"\n")
        while len(self._rest) > LONGEST_LINE:
            whole.append(self._rest[:LONGEST_LINE])
            self._rest = self._rest[LONGEST_LINE:]
        if whole and not self._lines:
            self._due = time.monotonic() + FLUSH_SECONDS
        self._lines.extend(line.rstrip(b"\r").decode("utf-8", "replace") for line in whole)

    def flush_if_due(self) -> None:
        if self._lines and time.monotonic() >= self._due:
            self._flush()

    def finish(self) -> None:
        if self._rest:
            self.feed(b"\n")
        if self._lines:
            self._flush()

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self._on_lines(lines)
