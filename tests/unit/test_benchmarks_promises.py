"""What the benchmarks promise, and that docs/performance.md holds and explains just that."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.provenance import ROOT
from benchmarks.registry import BENCHMARKS, Benchmark
from benchmarks.report import docs_table, words
from benchmarks.result_file import BENCH_DIR

DOCUMENT = docs_table.DOCUMENT.read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    table = DOCUMENT.partition(docs_table.BEGIN)[2].partition(docs_table.END)[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_figure_has_a_name_of_its_own() -> None:
    names = Counter(promise.name for benchmark in BENCHMARKS for promise in benchmark.promises)
    assert [name for name, times in names.items() if times > 1] == []
    assert [name for name in names if "|" in name or "\n" in name] == []
    assert len({benchmark.name for benchmark in BENCHMARKS}) == len(BENCHMARKS)


def test_the_table_has_the_benchmarks_figures_and_bars() -> None:
    promised = [
        (promise.name, words.bar(promise.not_here("")), benchmark.name)
        for benchmark in BENCHMARKS
        for promise in benchmark.promises
    ]
    # `python -m benchmarks --update-docs` renews it
    assert [(row[0], row[1], row[5]) for row in rows()] == promised


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.name)
def test_every_benchmark_is_explained(benchmark: Benchmark) -> None:
    heading = next(
        line for line in DOCUMENT.splitlines() if line.startswith("### ") and f"(`{benchmark.name}`)" in line
    )
    text = DOCUMENT.partition(heading)[2].partition("\n#")[0]
    assert len(text.split()) > 10
    assert (ROOT / "benchmarks" / f"{benchmark.name}.py").is_file()


def test_nothing_else_is_explained_and_every_peer_is() -> None:
    headings = [
        line for line in DOCUMENT.partition("## What each figure says")[2].splitlines() if line.startswith("### ")
    ]
    assert [line.rpartition("(`")[2].removesuffix("`)") for line in headings] == [each.name for each in BENCHMARKS]
    peers = {promise.beside for benchmark in BENCHMARKS for promise in benchmark.promises if promise.beside}
    section = DOCUMENT.partition("## The peers")[2]
    assert [peer for peer in peers if peer.lower() not in section.lower()] == []


def test_results_lie_where_the_documentation_says() -> None:
    assert BENCH_DIR.relative_to(ROOT).as_posix() == "build/bench"
    assert "build/bench/report.html" in DOCUMENT
