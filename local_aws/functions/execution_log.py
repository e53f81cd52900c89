"""The log of one invocation: what the service says about it and what the function writes, line by line."""

from __future__ import annotations

import time
from collections.abc import Callable

from local_aws.functions.function_metrics import FunctionWatch, Unwatched
from local_aws.logs import LogGroups

FLUSH_SECONDS = 0.2
TAIL_BYTES = 4096
# CloudWatch Logs takes events of up to 256 KB, of which it counts 26 bytes for itself
LONGEST_LINE = 256 * 1024 - 26


class ExecutionLog:
    """Writes to one stream, in batches, at most 0.2 s late while output comes; keeps the last 4 KB."""

    def __init__(
        self,
        logs: LogGroups,
        group: str,
        stream: str,
        clock: Callable[[], float] = time.monotonic,
        watch: FunctionWatch | None = None,
    ) -> None:
        """`watch` is told of the lines that the function writes."""
        self._watch = watch or Unwatched()
        self._logs = logs
        self._group = group
        self._stream = stream
        self._clock = clock
        self._rest = b""
        self._lines: list[str] = []
        self._due = 0.0
        self._tail = b""

    @property
    def tail(self) -> bytes:
        """The last 4 KB."""
        return self._tail

    def say(self, line: str) -> None:
        """A line of the service's own, after a function's unfinished one."""
        self._end_line()
        self._add(line)

    def feed(self, output: bytes) -> None:
        """Some of the function's output; with nothing, only writes what is due."""
        if output:
            *whole, self._rest = (self._rest + output).split(b"\n")
            while len(self._rest) > LONGEST_LINE:
                whole.append(self._rest[:LONGEST_LINE])
                self._rest = self._rest[LONGEST_LINE:]
            for line in whole:
                self._add_long(line)
        if self._lines and self._clock() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Write all whole lines."""
        lines, self._lines = self._lines, []
        self._logs.write(self._group, self._stream, lines)

    def close(self) -> None:
        """Write everything."""
        self._end_line()
        self.flush()

    def _end_line(self) -> None:
        if self._rest:
            self._add_long(self._rest)
            self._rest = b""

    def _add_long(self, line: bytes) -> None:
        for start in range(0, max(len(line), 1), LONGEST_LINE):
            # the runtime client separates the lines of one error by \r, so that they stay one event
            text = line[start : start + LONGEST_LINE].decode("utf-8", "replace")
            text = text.rstrip("\r").replace("\r", "\n")
            self._watch.line(text)
            self._add(text)

    def _add(self, line: str) -> None:
        if not self._lines:
            self._due = self._clock() + FLUSH_SECONDS
        self._lines.append(line + "\n")
        self._tail = (self._tail + line.encode() + b"\n")[-TAIL_BYTES:]
