"""Ground truth by its id, in a database on disk, so that memory does not grow with the number of answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .merge_records import GroundTruth

CACHE_KIB = 16 * 1024
SCHEMA = """
CREATE TABLE truth (
  id TEXT PRIMARY KEY, data TEXT, encoding TEXT, hour TEXT, repeats INT, contradictions INT, matches INT
) WITHOUT ROWID
"""
ADD = """
INSERT INTO truth VALUES (?, ?, ?, ?, 0, 0, 0) ON CONFLICT (id) DO UPDATE SET
  repeats = repeats + (data = excluded.data AND encoding = excluded.encoding),
  contradictions = contradictions + (data != excluded.data OR encoding != excluded.encoding),
  data = excluded.data, encoding = excluded.encoding, hour = excluded.hour
"""
COUNT = """
SELECT COUNT(*), TOTAL(repeats), TOTAL(contradictions), TOTAL(matches = 0), TOTAL(matches > 1) FROM truth
"""


@dataclass(frozen=True)
class IndexCounts:
    """`ids` have an answer, `repeats` were given again and said the same, `contradictions` something else."""

    ids: int
    repeats: int
    contradictions: int
    without_match: int
    with_several_matches: int


class GroundTruthIndex:
    """To be filled in order of time: of several answers to one id the last counts. Closing it leaves the file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        # nothing of it is needed after a crash
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(SCHEMA)
        self._connection.execute("BEGIN")

    def __enter__(self) -> GroundTruthIndex:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def add(self, answers: Iterable[GroundTruth], hour: str) -> None:
        """Add the answers of this hour (yyyy/mm/dd/hh, or empty)."""
        self._connection.executemany(ADD, ((one.event_id, one.data, one.encoding, hour) for one in answers))

    def match(self, event_id: str) -> tuple[GroundTruth, str] | None:
        """The answer to this id and its hour, which then counts as matched; None where there is none."""
        with closing(
            self._connection.execute("SELECT data, encoding, hour FROM truth WHERE id = ?", (event_id,))
        ) as rows:
            row = rows.fetchone()
        if row is None:
            return None
        self._connection.execute("UPDATE truth SET matches = matches + 1 WHERE id = ?", (event_id,))
        return GroundTruth(event_id, row[0], row[1]), row[2]

    def counts(self) -> IndexCounts:
        """What it holds now."""
        return IndexCounts(*(int(count) for count in self._connection.execute(COUNT).fetchone()))
