"""`make bench`: every benchmark, one after another; exit code 1 if one misses its bar."""

import sys

from benchmarks import (
    accuracy,
    drift_detection,
    endpoint_update,
    engine_overhead,
    extraction,
    handler_imports,
    invoke_latency,
    invoke_throughput,
    monitor_analysis,
    record_preprocessor,
    workflow_bulk,
    workflow_execution,
)

BENCHMARKS = {
    "extraction": extraction,
    "engine overhead": engine_overhead,
    "accuracy": accuracy,
    "latency of an endpoint": invoke_latency,
    "throughput of an endpoint": invoke_throughput,
    "updates under load": endpoint_update,
    "an execution of the workflow": workflow_execution,
    "the workflow in bulk": workflow_bulk,
    "imports of the Lambdas' handlers": handler_imports,
    "analysis of captured records": monitor_analysis,
    "the record preprocessor": record_preprocessor,
    "drift and false alarms": drift_detection,
}


def main() -> int:
    worst = 0
    for name, benchmark in BENCHMARKS.items():
        print(f"\n{name}", flush=True)
        worst = max(worst, benchmark.main())
    return worst


if __name__ == "__main__":
    sys.exit(main())
