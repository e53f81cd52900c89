"""Records of SageMaker resources, kept in SQLite so that they survive the process.

A record's body has the shape of the resource's Describe response (without the status, which is a column, because
lists and recovery ask for it). Timestamps are timezone-aware datetimes.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

LOGGER = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL, status TEXT,
    created TEXT NOT NULL, modified TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX IF NOT EXISTS record_arn ON record (arn);
CREATE INDEX IF NOT EXISTS record_status ON record (kind, status);
CREATE TABLE IF NOT EXISTS tag (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
CREATE TABLE IF NOT EXISTS untold (number INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL);
"""

COLUMNS = "kind, name, arn, status, created, modified, body"


class RecordExists(Exception):
    """A record of this kind and name is already there."""


class RecordNotFound(Exception):
    """No record of this kind and name."""


@dataclass(frozen=True)
class Record:
    """One resource: `kind` is the botocore shape stem ("TrainingJob"), `name` unique within the kind."""

    kind: str
    name: str
    arn: str
    status: str | None
    created: datetime
    modified: datetime
    body: dict[str, Any]


# a record before its change (None for a new one) and after it -> what is to be told of that, in JSON's types
Telling = Callable[["Record | None", Record], Iterable[dict[str, Any]]]


def utc_now() -> datetime:
    """The present moment, timezone-aware, cut to milliseconds as the service's timestamps are."""
    now = datetime.now(timezone.utc)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Store:
    """All records of one local AWS. Safe to call from any thread; every call is one transaction.

    A process that is killed loses nothing that a call has returned from (SQLite's write-ahead log).
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._telling: Telling = _nothing
        self._added: Callable[[], None] = lambda: None
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the database file; the store cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    def insert(self, kind: str, name: str, arn: str, body: dict[str, Any], status: str | None = None) -> Record:
        """Add a record. Raises RecordExists."""
        moment = self._now()
        record = Record(kind, name, arn, status, moment, moment, body)
        try:
            with self._change(None, record):
                self._execute(f"INSERT INTO record ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", _to_row(record))
        except sqlite3.IntegrityError as error:
            raise RecordExists(f"{kind} {name}") from error
        return record

    def get(self, kind: str, name: str) -> Record:
        """The record of this kind and name. Raises RecordNotFound."""
        rows = self._execute(f"SELECT {COLUMNS} FROM record WHERE kind = ? AND name = ?", (kind, name))
        if not rows:
            raise RecordNotFound(f"{kind} {name}")
        return _from_row(rows[0])

    def find_arn(self, arn: str) -> Record:
        """The record with this ARN, whatever its kind. Raises RecordNotFound."""
        rows = self._execute(f"SELECT {COLUMNS} FROM record WHERE arn = ?", (arn,))
        if not rows:
            raise RecordNotFound(arn)
        return _from_row(rows[0])

    def all(self, kind: str, statuses: Iterable[str] | None = None) -> list[Record]:
        """Every record of a kind, oldest first; of the given statuses only, where some are given."""
        if statuses is None:
            rows = self._execute(f"SELECT {COLUMNS} FROM record WHERE kind = ? ORDER BY created, rowid", (kind,))
        else:
            wanted = list(statuses)
            marks = ", ".join("?" * len(wanted))
            rows = self._execute(
                f"SELECT {COLUMNS} FROM record WHERE kind = ? AND status IN ({marks}) ORDER BY created, rowid",
                (kind, *wanted),
            )
        return [_from_row(row) for row in rows]

    def edit(self, kind: str, name: str, change: Callable[[Record], tuple[str | None, dict[str, Any]]]) -> Record:
        """Replace status and body by what `change` makes of the present record, with no other writer between.

        An exception raised by `change` leaves the record as it was. Raises RecordNotFound.
        """
        with self._lock:
            before = self.get(kind, name)
            status, body = change(before)
            after = Record(kind, name, before.arn, status, before.created, self._now(), body)
            with self._change(before, after):
                self._execute(
                    "UPDATE record SET status = ?, modified = ?, body = ? WHERE kind = ? AND name = ?",
                    (after.status, after.modified.isoformat(), _dump(after.body), kind, name),
                )
            return after

    def update(self, kind: str, name: str, status: str | None = None, **changes: Any) -> Record:
        """Merge `changes` into the body, and set the status where one is given. Raises RecordNotFound."""
        return self.edit(kind, name, lambda record: (status or record.status, {**record.body, **changes}))

    def delete(self, kind: str, name: str) -> None:
        """Remove a record and its tags. Raises RecordNotFound."""
        with self._lock:
            arn = self.get(kind, name).arn
            self._execute("DELETE FROM record WHERE kind = ? AND name = ?", (kind, name))
            self._execute("DELETE FROM tag WHERE arn = ?", (arn,))

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource, by key, in key order."""
        return dict(self._execute("SELECT key, value FROM tag WHERE arn = ? ORDER BY key", (arn,)))

    def put_tags(self, arn: str, tags: dict[str, str]) -> None:
        """Add tags, or give those that are there a new value."""
        with self._lock:
            for key, value in tags.items():
                self._execute("INSERT OR REPLACE INTO tag (arn, key, value) VALUES (?, ?, ?)", (arn, key, value))

    def remove_tags(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags; a key that is not there is no error."""
        with self._lock:
            for key in keys:
                self._execute("DELETE FROM tag WHERE arn = ? AND key = ?", (arn, key))

    def tell(self, telling: Telling, added: Callable[[], None]) -> None:
        """From now on keep what `telling` makes of every change, in the same transaction; `added` is called after it.

        What is kept stays until it is `told`, over restarts too, so that nothing is told that is not on disk.
        """
        self._telling = telling
        self._added = added

    def untold(self) -> list[tuple[int, dict[str, Any]]]:
        """What is kept to be told, oldest first, each with its number."""
        rows = self._execute("SELECT number, message FROM untold ORDER BY number")
        return [(number, json.loads(message)) for number, message in rows]

    def told(self, number: int) -> None:
        """Keep it no longer."""
        self._execute("DELETE FROM untold WHERE number = ?", (number,))

    @contextmanager
    def _change(self, before: Record | None, after: Record) -> Iterator[None]:
        """A transaction for what is done within it, and for what is to be told of it."""
        with self._lock:
            messages = self._messages(before, after)
            if not messages:
                yield
                return
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                for message in messages:
                    self._execute("INSERT INTO untold (message) VALUES (?)", (message,))
            except BaseException:
                self._execute("ROLLBACK")
                raise
            self._execute("COMMIT")
        self._added()

    def _messages(self, before: Record | None, after: Record) -> list[str]:
        try:
            return [json.dumps(message) for message in self._telling(before, after)]
        except Exception:
            LOGGER.exception("a change of %s %s cannot be told", after.kind, after.name)
            return []

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _nothing(_before: Record | None, _after: Record) -> Iterable[dict[str, Any]]:
    return ()


def _to_row(record: Record) -> tuple[Any, ...]:
    moments = (record.created.isoformat(), record.modified.isoformat())
    return (record.kind, record.name, record.arn, record.status, *moments, _dump(record.body))


def _from_row(row: tuple[Any, ...]) -> Record:
    kind, name, arn, status, created, modified, body = row
    moments = (datetime.fromisoformat(created), datetime.fromisoformat(modified))
    return Record(kind, name, arn, status, *moments, json.loads(body, object_hook=_restore_datetime))


def _dump(body: dict[str, Any]) -> str:
    return json.dumps(body, default=_keep_datetime, separators=(",", ":"))


def _keep_datetime(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _restore_datetime(value: dict[str, Any]) -> Any:
    if value.keys() == {"$datetime"}:
        return datetime.fromisoformat(value["$datetime"])
    return value
