"""The command line as its users have it: a process, its output, its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.waiting import SLOW_PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
SCONES = [sys.executable, "-c", "from pipelines.cli import main; main()"]


class Scones:
    """Runs `scones` with a state folder and an archive of its own."""

    def __init__(self, folder: Path, archive: Path) -> None:
        self.state = folder / "state"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCONES_"))}
        self.environment = {
            **kept,
            "SCONES_STATE": str(self.state),
            "SCONES_CIFAR_ARCHIVE": str(archive),
            "SCONES_CACHE": str(folder / "cache"),
            "PYTHONPATH": str(ROOT),
        }

    def __call__(self, *arguments: str, timeout: float = SLOW_PATIENCE_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            [*SCONES, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=timeout
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start, in a process group of its own as a terminal gives one."""
        return subprocess.Popen(
            [*SCONES, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # whoever runs the tests in the background may have told them to ignore it
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


@pytest.fixture(scope="module")
def scones(tmp_path_factory: pytest.TempPathFactory, cifar_archive_path: Path) -> Iterator[Scones]:
    """`scones` with a running local AWS."""
    command = Scones(tmp_path_factory.mktemp("scones"), cifar_archive_path)
    started = command("up")
    assert started.returncode == 0, started.stderr
    yield command
    command("down")


@pytest.fixture(scope="session")
def processes_of() -> Callable[[Path], list[str]]:
    """Finds the command lines of the processes that work in a folder."""

    def find(folder: Path) -> list[str]:
        lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
        return [line for line in lines if str(folder) in line]

    return find
