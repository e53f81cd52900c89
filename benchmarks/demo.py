"""`make demo` in a fresh clone, with nothing installed, and once more there: at most 10 and 3 minutes.

A clone holds what is committed. The first demo sets up its own environment, so packages come from pip's configured
index and cache; `--second-only` measures in this tree instead, with the environment that stands.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise, Spread, all_met
from benchmarks.provenance import ROOT
from benchmarks.result_file import write_result
from benchmarks.scripts_by_hand import find_archive

FRESH = Promise("fresh clone to finished make demo", "seconds", "at most", 600.0)
SECOND = Promise("a second make demo", "seconds", "at most", 180.0)
PROMISES = (FRESH, SECOND)
# An environment or a server of this tree must not help the clone's.
OF_THIS_TREE = ("VIRTUAL_ENV", "SCONES_STATE", "SCONES_LOCAL_ENDPOINT", "AWS_ENDPOINT_URL", "MAKEFLAGS", "MAKELEVEL")


def run(work_dir: Path, repository: Path = ROOT, second_only: bool = False) -> tuple[dict[str, Any], list[Figure]]:
    """Seconds of the demos, with the last one's own summary. Raises subprocess.CalledProcessError."""
    archive = find_archive(work_dir)
    if second_only:
        seconds = [_demo(repository, archive)]
        figures = [FRESH.not_here("--second-only: no fresh clone was made"), _figure(SECOND, seconds[0])]
        return _details(repository, seconds), figures
    clone = work_dir / "clone"
    began = time.perf_counter()
    subprocess.run(["git", "clone", "--quiet", str(repository), str(clone)], check=True)
    cloned = time.perf_counter() - began
    seconds = [cloned + _demo(clone, archive), _demo(clone, archive)]
    return _details(clone, seconds), [_figure(FRESH, seconds[0]), _figure(SECOND, seconds[1])]


def _demo(folder: Path, archive: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if name not in OF_THIS_TREE}
    environment["SCONES_CIFAR_ARCHIVE"] = str(archive)
    began = time.perf_counter()
    subprocess.run(["make", "demo"], cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _figure(promise: Promise, seconds: float) -> Figure:
    return promise.found(seconds, Spread.of([seconds]))


def _details(folder: Path, seconds: list[float]) -> dict[str, Any]:
    summary = json.loads((folder / "build" / "demo" / "summary.json").read_text(encoding="utf-8"))
    return {"seconds": [round(each, 1) for each in seconds], "summary": summary}


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--second-only", action="store_true", help="in this tree, without a fresh clone")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        details, figures = run(Path(folder), second_only=given.second_only)
    for figure in figures:
        print(f"{figure.name:<40}{'not measured' if figure.value is None else f'{figure.value:.0f} s':>14}")
    passed = all_met(figures)
    print(f"bars {FRESH.bar:.0f} s and {SECOND.bar:.0f} s: {'passed' if passed else 'FAILED'}")
    write_result("demo", details, figures)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
