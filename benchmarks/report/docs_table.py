"""The last table of docs/performance.md, between two comments: generated, so that no figure there is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.provenance import ROOT
from benchmarks.report import words
from benchmarks.report.page import SPREAD, in_short
from benchmarks.report.standing import Report
from pipelines.atomic_text import write_text

DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by python -m benchmarks --report --update-docs -->", "<!-- end of figures -->"


class MarkersMissing(ValueError):
    """The document does not say where the table belongs."""


def markdown(report: Report) -> str:
    """The table, with a line on where it comes from. One row a figure, in the order of running."""
    head = [f"| figure | bar | measured | | {SPREAD} | benchmark |", "|---|---|---|---|---|---|"]
    rows = [_row(figure, standing.benchmark.name) for standing in report.standings for figure in standing.figures]
    return "\n".join([*_origin(report), "", *head, *rows])


def update(report: Report, document: Path = DOCUMENT) -> None:
    """Put the table between the document's markers. Raises MarkersMissing, OSError."""
    text = document.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise MarkersMissing(f"{document} lacks the line {BEGIN if not begin else END}: put both around the table")
    write_text(document, f"{before}{BEGIN}\n{markdown(report)}\n{END}{after}")


def _row(figure: Figure, benchmark: str) -> str:
    verdict = "" if figure.value is None else words.verdict(figure)
    cells = (figure.name, words.bar(figure), words.measured(figure), verdict, words.spread(figure), benchmark)
    return f"| {' | '.join(cells)} |"


def _origin(report: Report) -> Iterator[str]:
    results = [standing.result for standing in report.standings if standing.result]
    if not results:
        yield "Nothing has been measured yet."
        return
    given = [result.provenance for result in results]
    machines = sorted(
        {f"{each.machine.cpu}, {each.machine.cores} cores, {each.machine.memory_gb:.0f} GB" for each in given}
    )
    commits = sorted({(each.commit or "none")[:10] + (" with changes" if each.modified else "") for each in given})
    days = sorted({each.measured_at[:10] for each in given})
    loads = [load for each in given for load in (each.load_at_start, each.load_at_end)]
    last = max(given, key=lambda each: each.measured_at)
    packages = ", ".join(f"{name} {version}" for name, version in last.versions.items())
    yield f"{in_short(report)} Measured {' to '.join(dict.fromkeys([days[0], days[-1]]))}, commit {', '.join(commits)},"
    yield f"on {'; '.join(machines)} ({packages}); load {min(loads):.1f} to {max(loads):.1f};"
    yield f"{sum(each.seconds for each in given) / 60:.0f} minutes of benchmarks."
