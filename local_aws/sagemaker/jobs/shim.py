"""Runs one command as a container is run, and takes everything down that it started.

A script of its own, `python -I -S shim.py CONTROL_FD COMMAND…`. It reads orders from the pipe CONTROL_FD: `T`
sends SIGTERM to the command and its children, `K` kills them all. The end of the pipe, which is the end of
the server, however it died, kills them too. Exits with the command's exit code (128 + signal number where a
signal ended it).
"""

from __future__ import annotations

import os
import select
import signal
import sys
from types import FrameType

SET_PARENT_DEATH_SIGNAL, SET_CHILD_SUBREAPER = 1, 36
COMMAND_NOT_FOUND = 127
GROUP_POLL_SECONDS = 0.02


def _prctl(option: int, value: int) -> None:
    """Linux only, and a second line of defence: elsewhere the pipe alone has to do."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A handler that exists so that the signal wakes the select."""


class Shim:
    """One command, its process group, and the pipe that orders come by."""

    def __init__(self, control: int, command: list[str]) -> None:
        self._control: int | None = control
        self._terminating = False
        self._killed = False
        self._status: int | None = None
        self._wake, wake_write = os.pipe()
        for descriptor in (self._wake, wake_write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake_write)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._kill())
        _prctl(SET_CHILD_SUBREAPER, 1)
        # a SIGTERM between fork and exec must wait for the child's own disposition, not run this one's handler
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self._child = os.fork()
        if self._child == 0:
            _become(command, control)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def run(self) -> int:
        """Wait for the command's end, obeying orders meanwhile; then end whatever is left of it."""
        while self._status is None or (self._terminating and not self._killed and self._group_lives()):
            watched = [self._wake] + ([] if self._control is None else [self._control])
            ready, _, _ = select.select(watched, [], [], None if self._status is None else GROUP_POLL_SECONDS)
            if self._wake in ready:
                os.read(self._wake, 4096)
            if self._control in ready:
                self._obey()
            self._reap()
        self._kill()
        self._kill_orphans()
        return self._status

    def _obey(self) -> None:
        orders = os.read(self._control, 64) if self._control is not None else b""
        if not orders or b"K" in orders:
            self._kill()
        elif not self._terminating:
            self._terminating = True
            self._signal_group(signal.SIGTERM)
        if not orders:
            self._control = None

    def _kill(self) -> None:
        self._killed = True
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self._child, number)
        except (ProcessLookupError, PermissionError):
            # the child has not made its group yet, or all of it has ended
            if self._status is None:
                os.kill(self._child, number)

    def _group_lives(self) -> bool:
        try:
            os.killpg(self._child, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _reap(self) -> None:
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            if process == self._child:
                self._status = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    def _kill_orphans(self) -> None:
        """Processes that left the group, by setsid, have become our children: end them, and theirs."""
        while children := _children():
            for process in children:
                try:
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                except (ProcessLookupError, ChildProcessError):
                    pass


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(process) for process in file.read().split()]
    except OSError:
        return []


def _become(command: list[str], control: int) -> None:
    """In the child: turn into the command. Does not return."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        _prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        os.close(control)
        os.execvp(command[0], command)  # noqa: S606  the command is what this script is given to run
    except OSError as error:
        print(f'exec: "{command[0]}": {error.strerror}', file=sys.stderr, flush=True)
    finally:
        os._exit(COMMAND_NOT_FOUND)


if __name__ == "__main__":
    sys.exit(Shim(int(sys.argv[1]), sys.argv[2:]).run())
