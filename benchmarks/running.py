"""Benchmarks one after another, each as a process of its own: one that breaks does not take the others along."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.provenance import ROOT, Provenance
from benchmarks.registry import Benchmark
from benchmarks.result_file import Result, ResultNotReadable, read, write


def run_all(benchmarks: Sequence[Benchmark], folder: Path) -> list[str]:
    """Run them in this order, saying which one runs and what is left. The names of those that missed a bar or broke."""
    missed = []
    for number, benchmark in enumerate(benchmarks, start=1):
        left = benchmarks[number:]
        print(f"\n[{number}/{len(benchmarks)}] {benchmark.title} ({benchmark.name}), {_about(benchmark.minutes)}")
        print(f"      left after it: {_left(left)}", flush=True)
        began = time.monotonic()
        passed = run_one(benchmark.name, [sys.executable, "-m", f"benchmarks.{benchmark.name}"], folder)
        verdict = "passed" if passed else "FAILED"
        print(f"      {benchmark.name} {verdict} after {time.monotonic() - began:.0f} s", flush=True)
        if not passed:
            missed.append(benchmark.name)
    return missed


def run_one(name: str, command: Sequence[str], folder: Path) -> bool:
    """Run the benchmark's command, which leaves its result in the folder; whether it met its bars.

    An older result is removed first. If the command leaves none, a result that says why is written in its place.
    """
    path = folder / f"{name}.json"
    path.unlink(missing_ok=True)
    last = deque([""], maxlen=1)
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        assert process.stderr is not None
        for line in process.stderr:
            sys.stderr.write(line)
            if line.strip():
                last.append(line.strip())
        status = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    try:
        return read(path).passed and status == 0
    except (FileNotFoundError, ResultNotReadable):
        said = f": {last[0]}" if last[0] else ""
        provenance = replace(Provenance.now(), arguments=(), seconds=round(time.monotonic() - began, 1))
        write(Result(name, provenance, (), failure=f"ended with exit code {status} and no result{said}"), folder)
        return False


def _about(minutes: float) -> str:
    return f"about {minutes:.0f} min" if minutes >= 1 else f"about {minutes * 60:.0f} s"


def _left(benchmarks: Sequence[Benchmark]) -> str:
    if not benchmarks:
        return "none"
    names = ", ".join(benchmark.name for benchmark in benchmarks)
    return f"{names} ({_about(sum(benchmark.minutes for benchmark in benchmarks))})"
