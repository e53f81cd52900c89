"""One SQLite file that many threads share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Database:
    """Every statement is on disk when it returns, or, within `transaction`, when that ends."""

    def __init__(self, path: Path, schema: str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(schema)

    def close(self) -> None:
        """Close the file; nothing can be done afterwards."""
        with self._lock:
            self._connection.close()

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Execute one statement; what it finds. Raises sqlite3.Error."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, with no other thread between."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
