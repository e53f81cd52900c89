"""The metrics of EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html.

Counted in memory, and handed to CloudWatch every second: the service takes a minute.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from local_aws.events.records import DEFAULT_BUS
from local_aws.metrics import MetricDatum, Metrics
from local_aws.periodic import Periodic

NAMESPACE = "AWS/Events"
PUT_SECONDS = 1.0


class OfRule(Protocol):
    """What says which rule something is about."""

    @property
    def bus(self) -> str:
        """The name of its bus."""

    @property
    def rule_name(self) -> str:
        """Its name."""


class EventMetrics:
    """Counts what happens, each thing with the name of its metric. Safe from any thread."""

    def __init__(self, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._metrics = metrics
        self._now = now
        self._lock = threading.Lock()
        # minute, dimensions, name -> how often
        self._counted: Counter[tuple[datetime, tuple[tuple[str, str], ...], str]] = Counter()
        self._periodic = Periodic("event metrics", PUT_SECONDS, self.put)

    def start(self) -> None:
        """Begin to hand over what is counted. Once only."""
        self._periodic.start()

    def stop(self) -> None:
        """Hand over what is left."""
        self._periodic.stop()

    def matched(self) -> None:
        """An event matched a rule."""
        self._count((), "MatchedEvents")

    def count(self, of: OfRule, *names: str) -> None:
        """One more of each of these, for a rule."""
        bus = () if of.bus == DEFAULT_BUS else (("EventBusName", of.bus),)
        self._count((*bus, ("RuleName", of.rule_name)), *names)

    def put(self) -> None:
        """Hand over what was counted since the last time."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if counted:
            self._metrics.put(
                NAMESPACE,
                [
                    MetricDatum(name, dict(dimensions), "Count", minute, (1.0,), (float(times),))
                    for (minute, dimensions, name), times in counted.items()
                ],
            )

    def _count(self, dimensions: tuple[tuple[str, str], ...], *names: str) -> None:
        minute = self._now().replace(second=0, microsecond=0)
        with self._lock:
            for name in names:
                self._counted[minute, dimensions, name] += 1
