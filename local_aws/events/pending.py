"""Events that were accepted and not yet delivered, on disk, so that a server that ends does not lose them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime, timezone

from local_aws.database import Database
from local_aws.events.records import Delivery, Origin

SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (id TEXT PRIMARY KEY, lane TEXT NOT NULL, due REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (lane, due);
"""
# a target that is away for a day while events come in must not fill the disk
MOST = 50_000


class TooMany(Exception):
    """So many deliveries are pending that no more are taken."""


class PendingDeliveries:
    """Safe to call from any thread. A delivery stays until it is `done`, whoever is at work on it."""

    def __init__(self, database: Database, most: int = MOST) -> None:
        """The database must have been made with this module's schema."""
        self._database = database
        self._rows = database.rows
        self._most = most
        self._count = int(self._rows("SELECT COUNT(*) FROM delivery")[0][0])

    def add(self, deliveries: Iterable[tuple[str, Delivery]]) -> None:
        """Add deliveries, each with its lane; all or none. Raises TooMany."""
        rows = [(delivery.id, lane, delivery.due.timestamp(), _text(delivery)) for lane, delivery in deliveries]
        with self._database.transaction():
            if self._count + len(rows) > self._most:
                raise TooMany(f"{self._count} deliveries are pending, {self._most} are the most")
            for row in rows:
                self._rows("INSERT INTO delivery VALUES (?, ?, ?, ?)", *row)
            self._count += len(rows)

    def put_off(self, delivery: Delivery) -> None:
        """Keep a delivery for another try."""
        self._rows(
            "UPDATE delivery SET due = ?, body = ? WHERE id = ?",
            *(delivery.due.timestamp(), _text(delivery), delivery.id),
        )

    def done(self, delivery: Delivery) -> None:
        """Forget a delivery."""
        with self._database.transaction():
            if self._rows("SELECT 1 FROM delivery WHERE id = ?", delivery.id):
                self._rows("DELETE FROM delivery WHERE id = ?", delivery.id)
                self._count -= 1

    def due(self, lane: str, now: datetime, limit: int, but: Collection[str] = ()) -> list[Delivery]:
        """Those of a lane that are due, longest due first, without those of these ids."""
        marks = ", ".join("?" * len(but))
        rows = self._rows(
            f"SELECT body FROM delivery WHERE lane = ? AND due <= ? AND id NOT IN ({marks}) "  # noqa: S608  of marks
            "ORDER BY due LIMIT ?",
            *(lane, now.timestamp(), *but, limit),
        )
        return [_delivery(body) for (body,) in rows]

    def next_due(self, lane: str, but: Collection[str] = ()) -> datetime | None:
        """When the first of a lane is due, without those of these ids; None if there is none."""
        marks = ", ".join("?" * len(but))
        rows = self._rows(
            f"SELECT MIN(due) FROM delivery WHERE lane = ? AND id NOT IN ({marks})",  # noqa: S608  of marks
            *(lane, *but),
        )
        return datetime.fromtimestamp(rows[0][0], timezone.utc) if rows[0][0] is not None else None

    def __len__(self) -> int:
        return self._count


def _text(delivery: Delivery) -> str:
    return json.dumps(asdict(delivery), default=datetime.isoformat)


def _delivery(text: str) -> Delivery:
    body = json.loads(text)
    origin = body.pop("origin")
    received = datetime.fromisoformat(origin.pop("received"))
    due = datetime.fromisoformat(body.pop("due"))
    return Delivery(origin=Origin(received=received, **origin), due=due, **body)
