"""Failure reasons in the words of the service."""

from __future__ import annotations

import errno
import re
from collections import deque

LONGEST_REASON = 1024
TRACEBACK = "Traceback (most recent call last):"
SERVER_STOPPED = "InternalServerError: the server stopped while the job was running; start it again."
# what a process that only runs another one says of its failure
WRAPPERS = ("CalledProcessError", "HaltServer")
SAYS_NOTHING = (*WRAPPERS, "For more details, see CloudWatch logs")
EXCEPTION = re.compile(r"(?:\w+\.)*[A-Z]\w*(?::\s.*)?$")
LINES_REMEMBERED = 200
# an exception further from the end of the log was caught, most likely
NEAR_THE_END = 40


class LogTail:
    """The last lines of a container's output, of which the reason of its failure is told."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_REMEMBERED)

    def add(self, lines: list[str]) -> None:
        """Remember these lines."""
        self._lines.extend(lines)

    def last_error(self) -> str:
        """The exception of the last traceback, else the last line that is not blank; empty without any."""
        lines = list(self._lines)
        for start in reversed(range(len(lines))):
            if not lines[start].endswith(TRACEBACK):
                continue
            distance, error = _error_of(lines[start:])
            if (
                error
                and not any(wrapper in error for wrapper in WRAPPERS)
                and len(lines) - start - distance <= NEAR_THE_END
            ):
                return error
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _error_of(traceback: list[str]) -> tuple[int, str]:
    """The number and text of the line that names the exception; the log may have lost the indentation."""
    margin = traceback[0].removesuffix(TRACEBACK)
    lines = ((number, line.removeprefix(margin)) for number, line in enumerate(traceback))
    return next(((number, line) for number, line in lines if number and EXCEPTION.match(line)), (0, ""))


def algorithm_error(message: str, last_error: str, exit_code: int, customer_error_code: int | None = None) -> str:
    """The reason of a container that ended by itself with an exit code other than 0.

    `message` is what it left for this purpose (output/failure, output/message). Where it left none, or one
    that says no more than that something failed, the last error of the log is told. A built-in algorithm has an
    exit code that says whose fault it is.
    """
    told = " ".join(message.split())
    if not told or (last_error and any(phrase in told for phrase in SAYS_NOTHING)):
        told = last_error
    ending = f", exit code: {exit_code}"
    kind = "ClientError" if exit_code == customer_error_code else "AlgorithmError"
    reason = f"{kind}: {told or 'See job logs for more information'}"
    return shorten(reason, LONGEST_REASON - len(ending)) + ending


def is_disk_full(error: OSError) -> bool:
    """Whether the disk, or the user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(error: OSError) -> str:
    """The reason of a job whose files did not find room; empty for any other error."""
    where = error.filename or "a file"
    return f"ClientError: Insufficient disk space for {where}" if is_disk_full(error) else ""


def internal_error(error: BaseException) -> str:
    """The reason of a job that failed by a fault of the server or its machine."""
    return shorten(f"InternalServerError: We encountered an internal error. Please try again. ({error!r})")


def shorten(text: str, length: int = LONGEST_REASON) -> str:
    """At most `length` characters: the beginning and the end, where the middle has to go."""
    if len(text) <= length:
        return text
    tail = length // 2
    return f"{text[: length - tail - 5]} ... {text[-tail:]}"[:length]
