"""The metrics of functions: those that Lambda emits for each invocation, and those in what functions print.

Names and units: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from local_aws.cloudwatch.embedded_metrics import metrics_in
from local_aws.metrics import MetricDatum, Metrics
from local_aws.periodic import Periodic

NAMESPACE = "AWS/Lambda"
# many invocations in one go: writing takes longer than counting
PUT_SECONDS = 1.0


class FunctionWatch(Protocol):
    """Who is told of what functions do."""

    def line(self, text: str) -> None:
        """A function has written this into its log."""

    def invoked(self, function: str, milliseconds: float, failed: bool, concurrent: int) -> None:
        """An invocation has ended; so many were under way when it began, itself among them."""

    def throttled(self, function: str) -> None:
        """An invocation was refused, there being too many."""


@dataclass(frozen=True)
class _Kind:
    """What values are counted together."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    minute: datetime


class FunctionMetrics:
    """A FunctionWatch, and a Worker. Counts in memory, and hands over what was counted every second."""

    def __init__(self, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._metrics = metrics
        self._now = now
        self._lock = threading.Lock()
        self._counted: dict[_Kind, Counter[float]] = {}
        self._periodic = Periodic("function metrics", PUT_SECONDS, self.put)

    def line(self, text: str) -> None:
        """As for every FunctionWatch: it may be metrics."""
        self._count(metrics_in(text, self._now()))

    def invoked(self, function: str, milliseconds: float, failed: bool, concurrent: int) -> None:
        """As for every FunctionWatch."""
        values = {
            "Invocations": (1.0, "Count"),
            "Errors": (float(failed), "Count"),
            "Throttles": (0.0, "Count"),
            "Duration": (round(milliseconds, 2), "Milliseconds"),
            "ConcurrentExecutions": (float(concurrent), "Count"),
        }
        self._count(self._of(function, name, value, unit) for name, (value, unit) in values.items())

    def throttled(self, function: str) -> None:
        """As for every FunctionWatch."""
        self._count([self._of(function, "Throttles", 1.0, "Count")])

    def put(self) -> None:
        """Hand over what was counted since the last time."""
        with self._lock:
            counted, self._counted = self._counted, {}
        by_namespace: dict[str, list[MetricDatum]] = {}
        for kind, counts in counted.items():
            by_namespace.setdefault(kind.namespace, []).append(_datum(kind, counts))
        for namespace, data in by_namespace.items():
            self._metrics.put(namespace, data)

    def start(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever started by name."""
        raise NotImplementedError(f"{kind} {name}")

    def stop(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever stopped by name."""
        raise NotImplementedError(f"{kind} {name}")

    def recover(self) -> None:
        """Begin to hand over; what an earlier process had not handed over is lost with its memory."""
        self._periodic.start()

    def shutdown(self) -> None:
        """Hand over the rest."""
        self._periodic.stop()

    def _of(self, function: str, name: str, value: float, unit: str) -> tuple[str, MetricDatum]:
        return NAMESPACE, MetricDatum(name, {"FunctionName": function}, unit, self._now(), (value,), (1.0,))

    def _count(self, data: Iterable[tuple[str, MetricDatum]]) -> None:
        with self._lock:
            for namespace, datum in data:
                minute = datum.timestamp.replace(second=0, microsecond=0)
                kind = _Kind(namespace, datum.name, tuple(sorted(datum.dimensions.items())), datum.unit, minute)
                self._counted.setdefault(kind, Counter()).update(datum.values)


class Unwatched:
    """A FunctionWatch that does not look."""

    def line(self, text: str) -> None:
        """As for every FunctionWatch."""

    def invoked(self, function: str, milliseconds: float, failed: bool, concurrent: int) -> None:
        """As for every FunctionWatch."""

    def throttled(self, function: str) -> None:
        """As for every FunctionWatch."""


def _datum(kind: _Kind, counts: Counter[float]) -> MetricDatum:
    values = sorted(counts)
    return MetricDatum(
        kind.name,
        dict(kind.dimensions),
        kind.unit,
        kind.minute,
        tuple(values),
        tuple(float(counts[value]) for value in values),
    )
