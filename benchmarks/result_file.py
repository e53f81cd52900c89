"""Where a benchmark leaves its figures, with where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Spread, all_met
from benchmarks.provenance import ROOT, Machine, Provenance
from pipelines.atomic_text import write_text

BENCH_DIR = ROOT / "build" / "bench"


class ResultNotReadable(ValueError):
    """A file under build/bench is not a benchmark's result as this version writes it."""


@dataclass(frozen=True)
class Result:
    """One run of one benchmark. `details` are its own; `failure` says in a line why it gave no figures."""

    benchmark: str
    provenance: Provenance
    figures: tuple[Figure, ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None

    @property
    def passed(self) -> bool:
        return not self.failure and all_met(self.figures)


def write_result(
    name: str, details: Mapping[str, Any], figures: Sequence[Figure] = (), folder: Path | None = None
) -> None:
    """Keep a benchmark's figures and details as build/bench/NAME.json, whole or not at all."""
    write(Result(name, Provenance.now(), tuple(figures), details), folder or BENCH_DIR)


def write(result: Result, folder: Path) -> None:
    """Write the result into its file. Raises OSError, and ValueError for details that are no JSON."""
    content = {
        "benchmark": result.benchmark,
        "passed": result.passed,
        "failure": result.failure,
        "provenance": asdict(result.provenance),
        "figures": [figure_record(figure) for figure in result.figures],
        "details": result.details,
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / f"{result.benchmark}.json", json.dumps(content, indent=2) + "\n")


def figure_record(figure: Figure) -> dict[str, Any]:
    """The figure as the files have it, with its verdict."""
    return {**asdict(figure), "passed": figure.passed}


def read(path: Path) -> Result:
    """The result in a file. Raises ResultNotReadable, one line, and FileNotFoundError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        given = content["provenance"]
        provenance = Provenance(
            **{**given, "machine": Machine(**given["machine"]), "arguments": tuple(given["arguments"])}
        )
        figures = tuple(_figure(record) for record in content["figures"])
        return Result(content["benchmark"], provenance, figures, content["details"], content["failure"])
    except (KeyError, TypeError, ValueError) as error:
        raise ResultNotReadable(
            f"{path} is no result of this version ({type(error).__name__}: {error}): "
            f"run `python -m benchmarks {path.stem}` again"
        ) from error


def _figure(record: Mapping[str, Any]) -> Figure:
    given = {key: value for key, value in record.items() if key != "passed"}
    spread = given.pop("spread")
    return Figure(**given, spread=Spread(**spread) if spread else None)
