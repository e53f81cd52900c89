"""State machines, executions and histories on disk.

In a database of its own rather than in moto's memory: a history holds every state's input and output, and moto keeps
all of them, with the interpreter's own state, for ever. What runs is in memory; what ended is here alone.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from local_aws.database import Database
from local_aws.workflows.records import RUNNING, Execution, StateMachine

SCHEMA = """
CREATE TABLE IF NOT EXISTS machine (arn TEXT PRIMARY KEY, revision TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS revision (id TEXT PRIMARY KEY, arn TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS revision_arn ON revision (arn);
CREATE TABLE IF NOT EXISTS tag (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
CREATE TABLE IF NOT EXISTS execution (
    id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, state_machine_arn TEXT NOT NULL, revision_id TEXT NOT NULL,
    name TEXT NOT NULL, status TEXT NOT NULL, started TEXT NOT NULL, input TEXT NOT NULL,
    stopped TEXT, output TEXT, error TEXT, cause TEXT, map_run_arn TEXT
);
CREATE INDEX IF NOT EXISTS execution_machine ON execution (state_machine_arn, id);
CREATE INDEX IF NOT EXISTS execution_map_run ON execution (map_run_arn, id);
CREATE INDEX IF NOT EXISTS execution_running ON execution (status) WHERE status = 'RUNNING';
CREATE TABLE IF NOT EXISTS history (arn TEXT PRIMARY KEY, events BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS map_run (arn TEXT PRIMARY KEY, execution_arn TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS map_run_execution ON map_run (execution_arn);
"""
COLUMNS = (
    "arn, state_machine_arn, revision_id, name, status, started, input, stopped, output, error, cause, map_run_arn"
)
# histories are pictures in base64 more than anything: more effort hardly makes them smaller
COMPRESSION = 1


class NameTaken(Exception):
    """A record with this ARN is already there."""


class WorkflowStore:
    """Safe to call from any thread; every call is one transaction. What it does not have raises KeyError."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)
        self._rows = self._database.rows
        self._transaction = self._database.transaction

    def close(self) -> None:
        """Close the database file; the store cannot be used afterwards."""
        self._database.close()

    # State machines

    def put_machine(self, machine: StateMachine) -> None:
        """Add a state machine, or a new revision of one."""
        body = json.dumps(
            {
                "name": machine.name,
                "type": machine.type,
                "role_arn": machine.role_arn,
                "definition": machine.definition,
                "created": machine.created.isoformat(),
                "updated": machine.updated.isoformat(),
                "settings": dict(machine.settings),
            }
        )
        with self._transaction():
            self._rows("INSERT INTO revision VALUES (?, ?, ?)", machine.revision_id, machine.arn, body)
            self._rows(
                "INSERT INTO machine VALUES (?, ?) ON CONFLICT (arn) DO UPDATE SET revision = excluded.revision",
                machine.arn,
                machine.revision_id,
            )

    def machine(self, arn: str) -> StateMachine:
        """The state machine as it is now. Raises KeyError."""
        rows = self._rows("SELECT revision FROM machine WHERE arn = ?", arn)
        if not rows:
            raise KeyError(arn)
        return self.revision(rows[0][0])

    def revision(self, revision_id: str) -> StateMachine:
        """A state machine as it was. Raises KeyError."""
        rows = self._rows("SELECT arn, body FROM revision WHERE id = ?", revision_id)
        if not rows:
            raise KeyError(revision_id)
        body = json.loads(rows[0][1])
        created, updated = datetime.fromisoformat(body.pop("created")), datetime.fromisoformat(body.pop("updated"))
        return StateMachine(arn=rows[0][0], revision_id=revision_id, created=created, updated=updated, **body)

    def machines(self) -> list[StateMachine]:
        """All of them."""
        return [self.revision(revision) for (revision,) in self._rows("SELECT revision FROM machine")]

    def delete_machine(self, arn: str) -> None:
        """Forget a state machine with its tags, and its executions that have ended."""
        with self._transaction():
            self._rows("DELETE FROM machine WHERE arn = ?", arn)
            self._rows("DELETE FROM tag WHERE arn = ?", arn)
            # a map run's children belong to ARN/LABEL
            self._forget("state_machine_arn = ? OR substr(state_machine_arn, 1, ?) = ?", arn, len(arn) + 1, f"{arn}/")

    # Tags

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags of a resource."""
        with self._transaction():
            for key, value in tags.items():
                self._rows("INSERT OR REPLACE INTO tag VALUES (?, ?, ?)", arn, key, value)

    def untag(self, arn: str, keys: Iterable[str]) -> None:
        """Take tags from a resource."""
        with self._transaction():
            for key in keys:
                self._rows("DELETE FROM tag WHERE arn = ? AND key = ?", arn, key)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource, by key."""
        return dict(self._rows("SELECT key, value FROM tag WHERE arn = ? ORDER BY key", arn))

    # Executions

    def add_execution(self, execution: Execution) -> None:
        """Add one that begins. Raises NameTaken."""
        try:
            self._rows(f"INSERT INTO execution ({COLUMNS}) VALUES (?{', ?' * 11})", *_row(execution))  # noqa: S608  of constants, as all below
        except sqlite3.IntegrityError as error:
            raise NameTaken(execution.arn) from error

    def end_execution(self, ended: Execution, events: list[dict[str, Any]]) -> None:
        """Record how a running execution ended, with its history; nothing where it is not recorded as running."""
        stopped = ended.stopped.isoformat() if ended.stopped else None
        with self._transaction():
            if self._rows("SELECT 1 FROM execution WHERE arn = ? AND status = ?", ended.arn, RUNNING):
                self._rows(
                    "UPDATE execution SET status = ?, stopped = ?, output = ?, error = ?, cause = ? WHERE arn = ?",
                    *(ended.status, stopped, ended.output, ended.error, ended.cause, ended.arn),
                )
                packed = zlib.compress(json.dumps(events, separators=(",", ":")).encode(), COMPRESSION)
                self._rows("INSERT OR REPLACE INTO history VALUES (?, ?)", ended.arn, packed)

    def execution(self, arn: str) -> Execution:
        """Raises KeyError."""
        rows = self._rows(f"SELECT {COLUMNS} FROM execution WHERE arn = ?", arn)  # noqa: S608
        if not rows:
            raise KeyError(arn)
        return _execution(rows[0])

    def executions(
        self, parent: str, status: str | None, before: int | None, limit: int, children: bool = False
    ) -> list[tuple[int, Execution]]:
        """Latest first, each with its number, which is less than `before`; of a state machine, or of a map run."""
        column = "map_run_arn" if children else "state_machine_arn"
        rows = self._rows(
            f"SELECT id, {COLUMNS} FROM execution WHERE {column} = ? AND (? IS NULL OR status = ?) "  # noqa: S608
            "AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
            *(parent, status, status, before, before, limit),
        )
        return [(number, _execution(row)) for number, *row in rows]

    def running(self) -> list[Execution]:
        """All that are recorded as running."""
        rows = self._rows(f"SELECT {COLUMNS} FROM execution WHERE status = ?", RUNNING)  # noqa: S608
        return [_execution(row) for row in rows]

    def history(self, arn: str) -> list[dict[str, Any]]:
        """The events of an execution that has ended, oldest first. Raises KeyError."""
        rows = self._rows("SELECT events FROM history WHERE arn = ?", arn)
        if not rows:
            raise KeyError(arn)
        events: list[dict[str, Any]] = json.loads(zlib.decompress(rows[0][0]))
        return events

    def forget_before(self, moment: datetime) -> None:
        """Drop executions that ended before this moment, and all that belongs to them."""
        with self._transaction():
            self._forget("stopped < ?", moment.isoformat())

    def forget_orphan(self, execution: Execution) -> None:
        """Drop an execution that has ended if its state machine was deleted meanwhile."""
        machine = execution.state_machine_arn.partition("/")[0]
        with self._transaction():
            if not self._rows("SELECT 1 FROM machine WHERE arn = ?", machine):
                self._forget("arn = ?", execution.arn)

    # Map runs

    def put_map_run(self, arn: str, execution_arn: str, body: Mapping[str, Any]) -> None:
        """Add a map run, or what became of it."""
        self._rows("INSERT OR REPLACE INTO map_run VALUES (?, ?, ?)", arn, execution_arn, json.dumps(body))

    def map_run(self, arn: str) -> dict[str, Any]:
        """Raises KeyError."""
        rows = self._rows("SELECT body FROM map_run WHERE arn = ?", arn)
        if not rows:
            raise KeyError(arn)
        body: dict[str, Any] = json.loads(rows[0][0])
        return body

    def map_runs(self, execution_arn: str) -> list[dict[str, Any]]:
        """Those of an execution, oldest first."""
        rows = self._rows("SELECT body FROM map_run WHERE execution_arn = ? ORDER BY rowid", execution_arn)
        return [json.loads(body) for (body,) in rows]

    def running_map_runs(self) -> list[dict[str, Any]]:
        """All that are recorded as running."""
        rows = self._rows("SELECT body FROM map_run WHERE json_extract(body, '$.status') = ?", RUNNING)
        return [json.loads(body) for (body,) in rows]

    def _forget(self, condition: str, *values: Any) -> None:
        ended = f"SELECT arn FROM execution WHERE status != 'RUNNING' AND ({condition})"  # noqa: S608
        self._rows(f"DELETE FROM history WHERE arn IN ({ended})", *values)  # noqa: S608
        self._rows(f"DELETE FROM map_run WHERE execution_arn IN ({ended})", *values)  # noqa: S608
        self._rows(f"DELETE FROM execution WHERE arn IN ({ended})", *values)  # noqa: S608
        self._rows(
            "DELETE FROM revision WHERE id NOT IN (SELECT revision FROM machine) "
            "AND id NOT IN (SELECT revision_id FROM execution)"
        )


def _row(execution: Execution) -> tuple[Any, ...]:
    stopped = execution.stopped.isoformat() if execution.stopped else None
    of = execution
    return (
        *(of.arn, of.state_machine_arn, of.revision_id, of.name, of.status, of.started.isoformat()),
        *(of.input, stopped, of.output, of.error, of.cause, of.map_run_arn),
    )


def _execution(row: Any) -> Execution:
    arn, machine, revision, name, status, started, given, stopped, output, error, cause, map_run = row
    ended = datetime.fromisoformat(stopped) if stopped else None
    began = datetime.fromisoformat(started)
    return Execution(arn, machine, revision, name, status, began, given, ended, output, error, cause, map_run)
