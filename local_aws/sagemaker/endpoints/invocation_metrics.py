"""The metrics of invocations, as SageMaker emits them to CloudWatch.

Names, units and what counts: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html. Each is
emitted twice: by endpoint and variant, and by endpoint, variant and endpoint configuration, by which deployment
guardrails tell the new fleet from the old one:
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from local_aws.metrics import MetricDatum
from local_aws.periodic import Periodic
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.lease import Lease

NAMESPACE = "AWS/SageMaker"
PUT_SECONDS = 3.0
# latencies are kept to this many digits, so that a busy minute has hundreds of distinct values and not thousands
DIGITS = 3
UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds"}


@dataclass(frozen=True)
class _Fleet:
    """Whose metrics these are, and in which minute."""

    endpoint_name: str
    variant_name: str
    endpoint_config_name: str
    minute: datetime

    def dimensions(self) -> Iterator[dict[str, str]]:
        """The two sets of dimensions under which every metric is emitted."""
        variant = {"EndpointName": self.endpoint_name, "VariantName": self.variant_name}
        yield variant
        yield {**variant, "EndpointConfigName": self.endpoint_config_name}


@dataclass
class _Tally:
    """Metric -> value -> how often."""

    seen: dict[str, Counter[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Count one value."""
        self.seen.setdefault(name, Counter())[value] += 1


class InvocationMetrics:
    """A Worker. Counts in memory, and hands what was counted to CloudWatch every few seconds."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._tallies: dict[_Fleet, _Tally] = {}
        self._periodic = Periodic("invocation metrics", PUT_SECONDS, self.put)

    def count(self, lease: Lease, status: int, model_seconds: float, overhead_seconds: float) -> None:
        """Count one request that was sent to a model; `status` is the model's, 0 where it did not answer."""
        minute = self._context.now().replace(second=0, microsecond=0)
        fleet = _Fleet(lease.endpoint_name, lease.variant_name, lease.endpoint_config_name, minute)
        values = {
            "Invocations": 1.0,
            "Invocation4XXErrors": float(400 <= status < 500),
            "Invocation5XXErrors": float(500 <= status < 600),
            "ModelLatency": _microseconds(model_seconds),
            "OverheadLatency": _microseconds(overhead_seconds),
        }
        if not lease.serverless:
            # the guide's list for serverless endpoints, which it calls exhaustive, has neither of these
            values["InvocationModelErrors"] = float(not 200 <= status < 300)
            values["InvocationsPerInstance"] = 1.0 / max(1, lease.instance_count)
        with self._lock:
            tally = self._tallies.setdefault(fleet, _Tally())
            for name, value in values.items():
                tally.add(name, value)

    def put(self) -> None:
        """Hand over what was counted since the last time."""
        with self._lock:
            tallies, self._tallies = self._tallies, {}
        if tallies:
            self._context.metrics.put(
                NAMESPACE, [datum for fleet, tally in tallies.items() for datum in _data(fleet, tally)]
            )

    def start(self, kind: str, name: str) -> None:
        """Nothing: there is no record to execute."""

    def stop(self, kind: str, name: str) -> None:
        """Nothing, as for `start`."""

    def recover(self) -> None:
        """Begin to hand over; what an earlier process had not handed over is lost with its memory."""
        self._periodic.start()

    def shutdown(self) -> None:
        """Hand over the rest."""
        self._periodic.stop()


def _data(fleet: _Fleet, tally: _Tally) -> Iterator[MetricDatum]:
    for dimensions in fleet.dimensions():
        for name, seen in tally.seen.items():
            values = sorted(seen)
            yield MetricDatum(
                name=name,
                dimensions=dimensions,
                unit=UNITS.get(name, "None"),
                timestamp=fleet.minute,
                values=tuple(values),
                counts=tuple(float(seen[value]) for value in values),
            )


def _microseconds(seconds: float) -> float:
    """Rounded to DIGITS significant digits; never negative, as clocks read by two threads could make it."""
    return float(f"{max(0.0, seconds) * 1e6:.{DIGITS}g}")
