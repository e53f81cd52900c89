"""How long a person waits for the command line's help, and for a local AWS that answers.

At most 0.3 s and 2 s. The median of several starts, each a process of its own, with files compiled and in the disk's
cache; a bare Python's start is measured beside them, in turns.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise, Spread, all_met
from benchmarks.provenance import ROOT
from benchmarks.result_file import write_result
from pipelines import local_server

HELP = Promise("scones --help", "seconds", "at most", 0.3)
READY = Promise("the local AWS is ready", "seconds", "at most", 2.0)
HELP_RATIO = Promise("scones --help over a bare Python's start", "ratio", "at most")
PROMISES = (HELP, HELP_RATIO, READY)
ROUNDS = 9
SERVERS = 5
COMMANDS = {
    "scones --help": "import sys; from pipelines.cli import main; sys.argv = ['scones', '--help']; main()",
    "a bare Python": "pass",
}


def run(work_dir: Path, rounds: int = ROUNDS, servers: int = SERVERS) -> tuple[dict[str, Any], list[Figure]]:
    """Seconds of every start, by what was started. Raises subprocess.CalledProcessError, LocalServerFailed."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for counted in [False, *[True] * rounds]:
        for name, statements in COMMANDS.items():
            took = _seconds(partial(_python, statements))
            if counted:
                seconds[name].append(took)
    seconds["local AWS"] = [_server_seconds(work_dir / f"aws-{number}") for number in range(servers + 1)][1:]
    rounded = {name: [round(value, 3) for value in values] for name, values in seconds.items()}
    bare = statistics.median(seconds["a bare Python"])
    figures = [
        _median(HELP, seconds["scones --help"]),
        _median(HELP_RATIO, [each / bare for each in seconds["scones --help"]]),
        _median(READY, seconds["local AWS"]),
    ]
    return {"seconds": rounded}, figures


def _median(promise: Promise, values: list[float]) -> Figure:
    return promise.found(statistics.median(values), Spread.of(values))


def _python(statements: str) -> None:
    subprocess.run([sys.executable, "-c", statements], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def _server_seconds(folder: Path) -> float:
    began = time.perf_counter()
    server = local_server.start(folder)
    seconds = time.perf_counter() - began
    local_server.stop(server)
    return seconds


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        details, figures = run(Path(folder))
    for name, values in details["seconds"].items():
        print(f"{name:<16}{statistics.median(values):>8.2f} s   ({min(values):.2f} to {max(values):.2f})")
    passed = all_met(figures)
    print(f"bars {HELP.bar} s and {READY.bar} s: {'passed' if passed else 'FAILED'}")
    write_result("startup", details, figures)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
