"""Where a result comes from: the commit, the machine, what is installed, when, for how long, and under which load."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("torch", "numpy", "boto3", "sagemaker", "moto")

# Noted when a benchmark is imported, before it keeps the machine busy itself.
_LOAD_AT_START = os.getloadavg()[0]


@dataclass(frozen=True)
class Machine:
    """`memory_gb` is in units of 1e9 bytes; `cores` are those that this process may use."""

    cpu: str
    cores: int
    memory_gb: float
    system: str

    @classmethod
    def this(cls) -> Machine:
        return cls(_cpu_model(), _cores(), round(psutil.virtual_memory().total / 1e9, 1), platform.platform())


@dataclass(frozen=True)
class Provenance:
    """`seconds` is the benchmark's duration; the loads are the kernel's averages over one minute.

    `arguments` are those of the command line; with none the benchmark ran in its full form.
    `commit` is None outside a git repository; `modified` says that the tree held more than the commit does.
    """

    measured_at: str
    arguments: tuple[str, ...]
    seconds: float
    commit: str | None
    modified: bool
    machine: Machine
    versions: Mapping[str, str]
    load_at_start: float
    load_at_end: float

    @classmethod
    def now(cls) -> Provenance:
        """That of the benchmark which runs in this process, at its end."""
        commit, modified = code_state(ROOT)
        return cls(
            measured_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            arguments=tuple(sys.argv[1:]),
            seconds=round(time.time() - psutil.Process().create_time(), 1),
            commit=commit,
            modified=modified,
            machine=Machine.this(),
            versions=versions(),
            load_at_start=round(_LOAD_AT_START, 2),
            load_at_end=round(os.getloadavg()[0], 2),
        )


def code_state(folder: Path) -> tuple[str | None, bool]:
    """The commit that is checked out, and whether the tree holds more than it; (None, False) without git."""
    head = _git(folder, "rev-parse", "HEAD")
    return head, bool(head and _git(folder, "status", "--porcelain"))


def versions() -> dict[str, str]:
    """Python's and those of the packages that the figures depend on most."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    """Linux says it in a file, other systems in what Python asks."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()
