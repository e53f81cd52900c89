"""`make bench`: every benchmark, one after another, and a report of all figures; exit code 1 if a bar is missed.

With names only these are run; the report holds what lies in build/bench of the others. Exit codes: 0 every bar is met,
1 one is missed or a benchmark gave no result, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.registry import BENCHMARKS, UnknownBenchmark, choose
from benchmarks.report.docs_table import DOCUMENT, MarkersMissing, markdown, update
from benchmarks.report.page import in_short
from benchmarks.report.standing import Report, Scene, gather
from benchmarks.report.write import write_report
from benchmarks.result_file import BENCH_DIR
from benchmarks.running import run_all

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    try:
        chosen = choose(given.names)
    except UnknownBenchmark as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return WRONG_USAGE
    if given.list:
        for benchmark in chosen:
            print(f"{benchmark.name:<22}{benchmark.minutes:>5} min  {benchmark.title}")
        return 0
    only_report = given.report or given.markdown or given.update_docs
    try:
        missed = [] if only_report else run_all(chosen, BENCH_DIR)
    except KeyboardInterrupt:
        print("\nInterrupted. What was measured is kept: python -m benchmarks --report", file=sys.stderr)
        return INTERRUPTED
    report = gather(BENCH_DIR, Scene.now())
    if given.markdown:
        print(markdown(report))
        return 0
    return _conclude(report, missed, given.update_docs, only_report)


def _conclude(report: Report, missed: Sequence[str], update_docs: bool, only_report: bool) -> int:
    print(f"\n{in_short(report)}\n{write_report(report, BENCH_DIR)}")
    if update_docs:
        try:
            update(report)
        except MarkersMissing as error:
            print(f"benchmarks: {error}", file=sys.stderr)
            return FAILED
        print(DOCUMENT)
    if missed:
        print(f"FAILED: {', '.join(missed)}", file=sys.stderr)
    return FAILED if missed or (only_report and not report.passed) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(each.name for each in BENCHMARKS))
    parser.add_argument("--list", action="store_true", help="say which there are and how long they take")
    parser.add_argument("--report", action="store_true", help="measure nothing; report what lies in build/bench")
    parser.add_argument(
        "--update-docs", action="store_true", help="the same, and renew the table of docs/performance.md"
    )
    parser.add_argument("--markdown", action="store_true", help="print that table")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
