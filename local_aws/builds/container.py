"""The container of one build: a supervised process tree in which commands run, and what they leave to the next.

As on the service every command is a script of its own; exported and other variables and the working directory go from
one to the next, functions and options of the shell do not, and `exit` ends the command alone.
"""

from __future__ import annotations

import json
import shlex
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from local_aws.sagemaker.jobs.control import JobControl
from local_aws.sagemaker.jobs.process import Container, Exit

AGENT = Path(__file__).with_name("agent.py")
# kept between commands: variables, working directory
VARIABLES, FOLDER, SCRIPT, EVALUATED = "env.sh", "dir.txt", "script.sh", "evaluated"


class ContainerEnded(Exception):
    """The process tree has ended, or was ended, before a command did."""


class BuildContainer:
    """Used by one thread; `control` ends it from any."""

    def __init__(
        self,
        shell: str,
        environment: Mapping[str, str],
        scratch: Path,
        source: Path,
        on_lines: Callable[[list[str]], None],
        control: JobControl,
        deadline: float,
    ) -> None:
        """Start it. `scratch` is a folder for its own files; at `deadline`, of time.monotonic, it is ended."""
        self._shell, self._scratch = shell, scratch
        (scratch / VARIABLES).write_text("")
        (scratch / FOLDER).write_text(str(source))
        self._connection, theirs = socket.socketpair()
        try:
            command = [sys.executable, "-I", "-S", str(AGENT), str(theirs.fileno()), str(scratch)]
            container = Container(command, dict(environment), scratch, on_lines, [theirs.fileno()])
        except BaseException:
            self._connection.close()
            raise
        finally:
            theirs.close()
        self._answers = self._connection.makefile("r", encoding="utf-8")
        self._exit: Exit | None = None
        self._thread = threading.Thread(target=self._wait, args=(container, control, deadline), daemon=True)
        self._thread.start()

    def say(self, *lines: str) -> None:
        """Write to the build's log, in order with what commands write. Raises ContainerEnded."""
        self._send({"say": lines})

    def run(self, command: str, variables: Mapping[str, str]) -> int:
        """The exit code of a command, which sees these variables too. Raises ContainerEnded."""
        return self._script(command, variables)

    def values(self, names: Sequence[str]) -> dict[str, str]:
        """What the shell's variables are by now; empty for those that are not set. Raises ContainerEnded."""
        words = " ".join(f'"${{{name}-}}"' for name in names)
        found = self._evaluated(f"printf '%s\\0' {words}").split("\0") if names else []
        return dict(zip(names, found, strict=False))

    def expanded(self, text: str) -> str:
        """What the shell makes of a text with variables and commands in it. Raises ContainerEnded."""
        end = f"END_{uuid.uuid4().hex}"
        return self._evaluated(f"cat <<{end}\n{text}\n{end}").rstrip("\n")

    def _evaluated(self, command: str) -> str:
        target = self._scratch / EVALUATED
        target.write_text("")
        self._script(f"{{ {command}\n}} > {shlex.quote(str(target))}", {})
        return target.read_bytes().decode("utf-8", "replace")

    def close(self) -> Exit:
        """End the process tree, if it has not ended; all it wrote was handed on when this returns."""
        self._connection.close()
        self._answers.close()
        self._thread.join()
        if self._exit is None:
            raise RuntimeError("the container's output could not be handed on")
        return self._exit

    def _script(self, command: str, variables: Mapping[str, str]) -> int:
        kept, folder = (shlex.quote(str(self._scratch / name)) for name in (VARIABLES, FOLDER))
        given = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
        text = (
            f'. {kept}\ncd "$(cat {folder})" || exit 1\n{given}set -a\n{command}\n'
            f"CODEBUILD_LAST_EXIT=$?\nexport -p > {kept}\npwd > {folder}\nexit $CODEBUILD_LAST_EXIT\n"
        )
        (self._scratch / SCRIPT).write_text(text)
        self._send({"run": [self._shell, str(self._scratch / SCRIPT)]})
        try:
            answer = self._answers.readline()
        except (OSError, ValueError) as error:
            raise ContainerEnded from error
        if not answer:
            raise ContainerEnded
        return int(json.loads(answer)["code"])

    def _send(self, order: Mapping[str, object]) -> None:
        try:
            self._connection.sendall(json.dumps(order).encode() + b"\n")
        except OSError as error:
            raise ContainerEnded from error

    def _wait(self, container: Container, control: JobControl, deadline: float) -> None:
        self._exit = control.wait(container, deadline)


def stamped(text: str, moment: datetime) -> str:
    """A line of the build's own, as the service writes them."""
    return f"[Container] {moment:%Y/%m/%d %H:%M:%S.%f} {text}"
