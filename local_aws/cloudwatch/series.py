"""Metrics on disk: one distribution for each metric, unit and minute (or second, where that was asked for).

In a database of its own rather than in moto's memory: moto keeps every datum for ever, reads all of them for every
query, and would write all of them with every snapshot.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.cloudwatch.distribution import Distribution

SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, dimensions TEXT NOT NULL,
    UNIQUE (namespace, name, dimensions)
);
CREATE TABLE IF NOT EXISTS bucket (
    series INTEGER NOT NULL, start INTEGER NOT NULL, unit TEXT NOT NULL,
    count REAL NOT NULL, total REAL NOT NULL, minimum REAL NOT NULL, maximum REAL NOT NULL, seen BLOB,
    PRIMARY KEY (series, start, unit)
) WITHOUT ROWID;
"""
COLUMNS = "start, unit, count, total, minimum, maximum, seen"
MINUTE = 60
# as the service keeps them: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
KEPT_SECONDS = 15 * 86400
KEPT_SECONDS_BELOW_A_MINUTE = 3 * 3600


@dataclass(frozen=True)
class Series:
    """One metric: `dimensions` are pairs of name and value, sorted by name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Series:
        """The metric with these dimensions, in whatever order they are."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


@dataclass(frozen=True)
class Bucket:
    """What a series was in the stretch that begins `start` seconds after 1970."""

    start: int
    unit: str
    distribution: Distribution


class SeriesStore:
    """All metrics. Safe to call from any thread; every call is one transaction, on disk when it returns."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._ids: dict[Series, int] = {}
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the database file; the store cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    def add(self, data: Iterable[tuple[Series, Bucket]]) -> None:
        """Merge what was measured into what is there."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for series, bucket in data:
                    self._merge(self._id(series), bucket)
            except BaseException:
                # the ids of a transaction that is rolled back are nobody's
                self._ids.clear()
                raise

    def read(self, series: Series, start: int, end: int, unit: str | None = None, values: bool = True) -> list[Bucket]:
        """The buckets that begin in [start, end), oldest first; of one unit, where one is given.

        Without `values` they hold no single values, as if from statistic sets, and are read much faster.
        """
        columns = COLUMNS if values else COLUMNS.replace("seen", "NULL")
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {columns} FROM bucket "  # noqa: S608  of constants, as all below
                "WHERE series = (SELECT id FROM series WHERE namespace = ? AND name = ? AND dimensions = ?) "
                "AND start >= ? AND start < ? AND (? IS NULL OR unit = ?) ORDER BY start, unit",
                (series.namespace, series.name, json.dumps(series.dimensions), start, end, unit, unit),
            ).fetchall()
        return [_bucket(row) for row in rows]

    def series(self, namespace: str | None, name: str | None, since: int, after: int) -> list[tuple[int, Series]]:
        """Series with a bucket that begins at `since` or later, each with its number, which is more than `after`."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, namespace, name, dimensions FROM series WHERE id > ? AND (? IS NULL OR namespace = ?) "
                "AND (? IS NULL OR name = ?) "
                "AND EXISTS (SELECT 1 FROM bucket WHERE series = id AND start >= ?) ORDER BY id",
                (after, namespace, namespace, name, name, since),
            ).fetchall()
        return [
            (number, Series(in_namespace, named, tuple((key, value) for key, value in json.loads(dimensions))))
            for number, in_namespace, named, dimensions in rows
        ]

    def forget(self, now: int) -> None:
        """Drop what is older than 15 days, and merge seconds older than three hours into their minutes."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM bucket WHERE start < ?", (now - KEPT_SECONDS,))
            fine = self._connection.execute(
                f"SELECT {COLUMNS}, series FROM bucket WHERE start % {MINUTE} != 0 AND start < ?",  # noqa: S608
                (now - KEPT_SECONDS_BELOW_A_MINUTE,),
            ).fetchall()
            for *row, series in fine:
                old = _bucket(row)
                self._connection.execute(
                    "DELETE FROM bucket WHERE series = ? AND start = ? AND unit = ?", (series, old.start, old.unit)
                )
                self._merge(series, Bucket(old.start // MINUTE * MINUTE, old.unit, old.distribution))
            self._connection.execute("DELETE FROM series WHERE id NOT IN (SELECT DISTINCT series FROM bucket)")
            self._ids.clear()

    def _id(self, series: Series) -> int:
        known = self._ids.get(series)
        if known is None:
            key = (series.namespace, series.name, json.dumps(series.dimensions))
            self._connection.execute("INSERT OR IGNORE INTO series (namespace, name, dimensions) VALUES (?, ?, ?)", key)
            row = self._connection.execute(
                "SELECT id FROM series WHERE namespace = ? AND name = ? AND dimensions = ?", key
            ).fetchone()
            known = self._ids[series] = int(row[0])
        return known

    def _merge(self, series: int, bucket: Bucket) -> None:
        found = self._connection.execute(
            f"SELECT {COLUMNS} FROM bucket WHERE series = ? AND start = ? AND unit = ?",  # noqa: S608
            (series, bucket.start, bucket.unit),
        ).fetchone()
        merged = bucket.distribution
        if found:
            merged = Distribution.together([_bucket(found).distribution, merged]).compacted()
        self._connection.execute(
            f"INSERT OR REPLACE INTO bucket (series, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                series,
                bucket.start,
                bucket.unit,
                merged.count,
                merged.total,
                merged.minimum,
                merged.maximum,
                _packed(merged.seen),
            ),
        )


def _bucket(row: Iterable[Any]) -> Bucket:
    start, unit, count, total, minimum, maximum, seen = row
    return Bucket(start, unit, Distribution(count, total, minimum, maximum, _unpacked(seen)))


def _packed(seen: Sequence[tuple[float, float]] | None) -> bytes | None:
    """First all values, then all counts: much faster to read than text."""
    return None if seen is None else array("d", [pair[0] for pair in seen] + [pair[1] for pair in seen]).tobytes()


def _unpacked(packed: bytes | None) -> list[tuple[float, float]] | None:
    if packed is None:
        return None
    numbers = array("d", packed)
    half = len(numbers) // 2
    return list(zip(numbers[:half], numbers[half:], strict=True))
