"""Which benchmarks there are, in the order in which `make bench` runs them.

Each is a module here with `PROMISES`, the figures that it gives, and `main(arguments) -> int`, which writes them with
`write_result` under the module's name and returns 0 when every bar is met.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from benchmarks.figure import Promise


@dataclass(frozen=True)
class Benchmark:
    """`name` is the module's and its result file's; `minutes` is about how long it takes on two quiet cores."""

    name: str
    title: str
    minutes: float

    @property
    def promises(self) -> tuple[Promise, ...]:
        """The figures that its module gives. Costs that module's imports."""
        return tuple(importlib.import_module(f"benchmarks.{self.name}").PROMISES)


class UnknownBenchmark(ValueError):
    """There is no benchmark of that name."""


BENCHMARKS = (
    Benchmark("startup", "Server and command line start", 0.5),
    Benchmark("handler_imports", "Imports of the Lambdas' handlers", 0.7),
    Benchmark("record_preprocessor", "The record preprocessor", 0.3),
    Benchmark("serving_runtime", "The served model against plain eager PyTorch", 0.5),
    Benchmark("invoke_latency", "Latency of an endpoint", 0.7),
    Benchmark("invoke_throughput", "Throughput of an endpoint", 1.5),
    Benchmark("endpoint_update", "Updates under load", 0.7),
    Benchmark("workflow_execution", "An execution of the workflow", 1.5),
    Benchmark("workflow_bulk", "The workflow in bulk", 3),
    Benchmark("extraction", "Extraction against the notebook way", 4),
    Benchmark("monitor_analysis", "Analysis of captured records", 6),
    Benchmark("drift_detection", "Drift and false alarms", 3),
    Benchmark("accuracy", "Accuracy and training time", 8),
    Benchmark("engine_overhead", "The pipeline against its scripts by hand", 7),
    Benchmark("peers", "Plain ResNet and the SDK's own local session", 12),
    Benchmark("demo", "make demo", 10),
)


def choose(names: list[str]) -> tuple[Benchmark, ...]:
    """The benchmarks of these names in the order of running, all without names. Raises UnknownBenchmark, one line."""
    known = {benchmark.name for benchmark in BENCHMARKS}
    if unknown := [name for name in names if name not in known]:
        raise UnknownBenchmark(f"no benchmark is called {', '.join(unknown)}: there are {', '.join(sorted(known))}")
    return tuple(benchmark for benchmark in BENCHMARKS if not names or benchmark.name in names)
