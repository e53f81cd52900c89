"""CloudWatch metrics for the executing side: the same ones that the API takes and serves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from local_aws.cloudwatch.distribution import Distribution, check_statistic
from local_aws.cloudwatch.periods import aligned_start, check_period, in_periods
from local_aws.cloudwatch.series import MINUTE, Bucket, Series, SeriesStore

SECONDS_BETWEEN_CLEANINGS = 3600


@dataclass(frozen=True)
class MetricDatum:
    """Values of one metric: `counts[i]` says how often `values[i]` was seen; both of the same length.

    `unit` is one of CloudWatch's ("Count", "Microseconds", "None"), `timestamp` timezone-aware.
    """

    name: str
    dimensions: Mapping[str, str]
    unit: str
    timestamp: datetime
    values: tuple[float, ...]
    counts: tuple[float, ...]


class Metrics:
    """The metrics of one local AWS, whatever the region of the client that asks for them. Safe from any thread."""

    def __init__(self, store: SeriesStore, now: Callable[[], datetime]) -> None:
        self.store = store
        self.now = now
        self._cleaning = threading.Lock()
        self._cleaned = now()

    def put(self, namespace: str, data: Iterable[MetricDatum]) -> None:
        """Add to what was measured, to the minute. A datum without values, or with counts of 0 alone, adds nothing."""
        self.add(
            (
                Series.of(namespace, datum.name, datum.dimensions),
                Bucket(
                    int(datum.timestamp.timestamp()) // MINUTE * MINUTE,
                    datum.unit,
                    Distribution.of(datum.values, datum.counts),
                ),
            )
            for datum in data
            if any(count > 0 for count in datum.counts)
        )

    def add(self, data: Iterable[tuple[Series, Bucket]]) -> None:
        """Add distributions; what has grown too old is dropped now and then."""
        self.store.add(data)
        self._clean()

    def statistic(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        stat: str,
        period: int,
        start: datetime,
        end: datetime,
    ) -> list[tuple[datetime, float]]:
        """One statistic of the periods of [start, end) that have data, oldest first, each with its beginning.

        `stat` is Sum, Average, Minimum, Maximum, SampleCount or a percentile as "p99.9"; `period` is 1, 5, 10, 20,
        30 or a multiple of 60 seconds. The dimensions must be exactly those that the metric was put with. Periods
        are counted from `start`, rounded down to the minute. Raises UnknownStatistic, UnknownPeriod.
        """
        check_period(period)
        found = self.points(
            Series.of(namespace, name, dimensions),
            stat,
            period,
            aligned_start(start.timestamp(), period),
            int(end.timestamp()),
        )
        return [(datetime.fromtimestamp(moment, timezone.utc), value) for moment, value in found.items()]

    def points(
        self, series: Series, stat: str, period: int, start: int, end: int, unit: str | None = None
    ) -> dict[int, float]:
        """As `statistic`, with moments in seconds since 1970, and periods counted from `start`."""
        check_statistic(stat)
        buckets = self.store.read(series, start, end, unit, values=stat.startswith("p"))
        found = {moment: all_of.statistic(stat) for moment, all_of in in_periods(buckets, start, period).items()}
        return {moment: value for moment, value in found.items() if value is not None}

    def _clean(self) -> None:
        now = self.now()
        with self._cleaning:
            if (now - self._cleaned).total_seconds() < SECONDS_BETWEEN_CLEANINGS:
                return
            self._cleaned = now
        self.store.forget(int(now.timestamp()))
