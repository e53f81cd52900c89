"""`make bench`: every benchmark, one after another; exit code 1 if one misses its bar."""

import sys

from benchmarks import accuracy, engine_overhead, extraction, handler_imports

BENCHMARKS = {
    "extraction": extraction,
    "engine overhead": engine_overhead,
    "accuracy": accuracy,
    "imports of the Lambdas' handlers": handler_imports,
}


def main() -> int:
    worst = 0
    for name, benchmark in BENCHMARKS.items():
        print(f"\n{name}", flush=True)
        worst = max(worst, benchmark.main())
    return worst


if __name__ == "__main__":
    sys.exit(main())
