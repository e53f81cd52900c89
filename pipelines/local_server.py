"""The local AWS as a process: started, found again, and stopped. It is spoken to over HTTP only, like AWS itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

DEFAULT_STATE = Path(".scones")
READY_WITHIN = 120.0  # one that ends is noticed at once: this ends what hangs
STOPPED_WITHIN = 60.0
POLL = 0.02


class LocalServerNotRunning(RuntimeError):
    """No local AWS serves the state folder."""


class LocalServerFailed(RuntimeError):
    """The local AWS did not start, or did not stop; the message has its own last words."""


@dataclass(frozen=True)
class LocalServer:
    """A running local AWS, as its `server.json` describes it."""

    pid: int
    port: int
    url: str
    region: str
    account_id: str
    state: Path

    @property
    def log_file(self) -> Path:
        """Where the process writes its log."""
        return self.state / "server.log"


def default_state() -> Path:
    """The state folder: SCONES_STATE, else `.scones` in the present folder."""
    return Path(os.environ.get("SCONES_STATE", DEFAULT_STATE))


def find(state: Path) -> LocalServer:
    """The local AWS that serves `state` and answers. Raises LocalServerNotRunning."""
    server = _read(state)
    if server is None or not _answers(server):
        raise LocalServerNotRunning("the local AWS is not running: start it with `scones up`")
    return server


def start(state: Path, port: int = 0) -> LocalServer:
    """Start a local AWS in the background and wait until it answers (2 s on two idle cores).

    Raises LocalServerFailed with the reason that the process gave.
    """
    state.mkdir(parents=True, exist_ok=True)
    log_path = state / "server.log"
    command = [sys.executable, "-m", "local_aws", "--port", str(port), "--state", str(state)]
    with open(log_path, "ab") as log:
        begin = log.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=_environment()
        )
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        server = _read(state)
        if server is not None and server.pid == process.pid and _answers(server):
            return server
        if process.poll() is not None:
            raise LocalServerFailed(_last_words(log_path, begin))
        time.sleep(POLL)
    process.kill()
    raise LocalServerFailed(f"the local AWS did not answer within {READY_WITHIN:.0f} s: see {log_path}")


def stop(server: LocalServer) -> None:
    """End a local AWS with all the jobs it runs, and wait until it is gone. Raises LocalServerFailed."""
    _signal(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOPPED_WITHIN
    while time.monotonic() < deadline:
        if not _alive(server.pid):
            return
        time.sleep(POLL)
    _signal(server.pid, signal.SIGKILL)
    raise LocalServerFailed(f"the local AWS (process {server.pid}) did not end by itself and was killed")


def _read(state: Path) -> LocalServer | None:
    try:
        content = json.loads((state / "server.json").read_text())
        return LocalServer(**content, state=state)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _answers(server: LocalServer) -> bool:
    try:
        with urlopen(f"{server.url}/_local_aws/health", timeout=5) as response:  # noqa: S310  our own http address
            return bool(json.load(response)["pid"] == server.pid)
    except (URLError, OSError, ValueError, KeyError):
        return False


def _environment() -> dict[str, str]:
    """The server must not take this process's AWS settings for its own: it is the AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAGEMAKER_"))}


def _last_words(log_path: Path, begin: int) -> str:
    with open(log_path, "rb") as log:
        log.seek(begin)
        lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("local_aws: ") if lines else "the local AWS ended without a word"


def _alive(pid: int) -> bool:
    _reap(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _reap(pid: int) -> None:
    """A child that has ended stays a process until its parent asks."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
