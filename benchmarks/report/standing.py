"""Where every benchmark stands: its last result, if there is one, and whether that is of this commit and machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.provenance import ROOT, Machine, code_state, versions
from benchmarks.registry import BENCHMARKS, Benchmark
from benchmarks.result_file import Result, ResultNotReadable, figure_record, read


@dataclass(frozen=True)
class Scene:
    """Where and when the report is built."""

    created_at: str
    commit: str | None
    modified: bool
    machine: Machine
    versions: dict[str, str]

    @classmethod
    def now(cls) -> Scene:
        commit, modified = code_state(ROOT)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return cls(now, commit, modified, Machine.this(), versions())


@dataclass(frozen=True)
class Standing:
    """A benchmark with its last result, or why there is none; `older` says what it is not of: this commit and machine,
    or the benchmark's full form."""

    benchmark: Benchmark
    result: Result | None
    missing: str | None = None
    older: tuple[str, ...] = ()

    @property
    def reason(self) -> str | None:
        """Why there are no figures at all; None where there are."""
        return self.missing or (self.result.failure if self.result else None)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """As they were measured; those that the benchmark promises and did not give say so."""
        measured = {figure.name: figure for figure in self.result.figures} if self.result else {}
        reason = self.reason or "the benchmark did not give it"
        promised = {promise.name: promise for promise in self.benchmark.promises}
        first = [measured.get(name) or promise.not_here(reason) for name, promise in promised.items()]
        return (*first, *(figure for name, figure in measured.items() if name not in promised))

    @property
    def passed(self) -> bool | None:
        """None without a result. A promised figure that the result has not is a failure too."""
        if self.result is None:
            return None
        given = {figure.name for figure in self.result.figures}
        return self.result.passed and all(promise.name in given for promise in self.benchmark.promises)


@dataclass(frozen=True)
class Report:
    scene: Scene
    standings: tuple[Standing, ...]

    @property
    def figures(self) -> list[Figure]:
        return [figure for standing in self.standings for figure in standing.figures]

    @property
    def broken(self) -> list[Standing]:
        """Those that ran and gave no result."""
        return [standing for standing in self.standings if standing.result and standing.result.failure]

    @property
    def passed(self) -> bool:
        """Whether everything that was run met its bars."""
        return all(standing.passed is not False for standing in self.standings)


def gather(folder: Path, scene: Scene, benchmarks: Sequence[Benchmark] = BENCHMARKS) -> Report:
    """Read the results that lie in the folder. Nothing is measured."""
    return Report(scene, tuple(_standing(folder, benchmark, scene) for benchmark in benchmarks))


def as_record(report: Report) -> dict[str, Any]:
    """The report as report.json has it."""
    return {
        **asdict(report.scene),
        "passed": report.passed,
        "benchmarks": [
            {
                "name": standing.benchmark.name,
                "title": standing.benchmark.title,
                "passed": standing.passed,
                "missing": standing.missing,
                "failure": standing.result.failure if standing.result else None,
                "older": list(standing.older),
                "provenance": asdict(standing.result.provenance) if standing.result else None,
                "figures": [figure_record(figure) for figure in standing.figures],
            }
            for standing in report.standings
        ],
    }


def _standing(folder: Path, benchmark: Benchmark, scene: Scene) -> Standing:
    path = folder / f"{benchmark.name}.json"
    try:
        result = read(path)
    except FileNotFoundError:
        return Standing(benchmark, None, f"not measured yet: python -m benchmarks {benchmark.name}")
    except ResultNotReadable as error:
        return Standing(benchmark, None, f"the result is of another version: {error.__cause__}")
    return Standing(benchmark, result, None, _older(result, scene))


def _older(result: Result, scene: Scene) -> tuple[str, ...]:
    given = result.provenance
    differences = {
        f"run with {' '.join(given.arguments)}": bool(given.arguments),
        "another commit": given.commit != scene.commit,
        "a tree with changes not committed": given.modified,
        "another machine": given.machine != scene.machine,
        "other versions": dict(given.versions) != scene.versions,
    }
    return tuple(words for words, differs in differences.items() if differs)
