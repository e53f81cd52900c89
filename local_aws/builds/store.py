"""Projects, builds and reports on disk, in a database of their own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from local_aws.builds.records import IN_PROGRESS, Build, Phase, PhaseContext, Project
from local_aws.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS project (name TEXT PRIMARY KEY, builds INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS build (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL, status TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS build_project ON build (project, place);
CREATE INDEX IF NOT EXISTS build_running ON build (status) WHERE status = 'IN_PROGRESS';
CREATE TABLE IF NOT EXISTS token (
    operation TEXT NOT NULL, token TEXT NOT NULL, request TEXT NOT NULL, id TEXT NOT NULL, made TEXT NOT NULL,
    PRIMARY KEY (operation, token)
);
"""


class NameTaken(Exception):
    """A project of this name is already there."""


class BuildStore:
    """Safe to call from any thread; every call is one transaction. What it does not have raises KeyError."""

    def __init__(self, database: Database) -> None:
        self._rows = database.rows
        self._transaction = database.transaction

    # Projects

    def add_project(self, project: Project) -> None:
        """Raises NameTaken."""
        try:
            self._rows("INSERT INTO project (name, body) VALUES (?, ?)", project.name, to_text(project))
        except sqlite3.IntegrityError as error:
            raise NameTaken(project.name) from error

    def put_project(self, project: Project) -> None:
        """Change one that is there."""
        self._rows("UPDATE project SET body = ? WHERE name = ?", to_text(project), project.name)

    def project(self, name: str) -> Project:
        """Raises KeyError."""
        rows = self._rows("SELECT body FROM project WHERE name = ?", name)
        if not rows:
            raise KeyError(name)
        return _project(rows[0][0])

    def projects(self) -> list[Project]:
        """All of them, by name."""
        return [_project(body) for (body,) in self._rows("SELECT body FROM project ORDER BY name")]

    def delete_project(self, name: str) -> None:
        """Forget a project, and its builds that have ended."""
        with self._transaction():
            self._rows("DELETE FROM project WHERE name = ?", name)
            self._rows("DELETE FROM build WHERE project = ? AND status != ?", name, IN_PROGRESS)

    def next_number(self, project: str) -> int:
        """The number of a project's next build, from 1; none is given twice. Raises KeyError."""
        with self._transaction():
            self._rows("UPDATE project SET builds = builds + 1 WHERE name = ?", project)
            rows = self._rows("SELECT builds FROM project WHERE name = ?", project)
        if not rows:
            raise KeyError(project)
        return int(rows[0][0])

    # Builds

    def put_build(self, build: Build) -> None:
        """Keep what became of a build. One that was deleted stays so."""
        self._rows("UPDATE build SET status = ?, body = ? WHERE id = ?", build.status, to_text(build), build.id)

    def add_build(self, build: Build) -> None:
        """Add a build that begins."""
        self._rows(
            "INSERT INTO build (id, project, status, body) VALUES (?, ?, ?, ?)",
            *(build.id, build.project, build.status, to_text(build)),
        )

    def build(self, build_id: str) -> Build:
        """Raises KeyError."""
        rows = self._rows("SELECT body FROM build WHERE id = ?", build_id)
        if not rows:
            raise KeyError(build_id)
        return _build(rows[0][0])

    def build_ids(self, project: str | None, ascending: bool, offset: int, limit: int) -> list[str]:
        """Of a project, or of all, in the order in which they were submitted."""
        order = "ASC" if ascending else "DESC"
        rows = self._rows(
            f"SELECT id FROM build WHERE (? IS NULL OR project = ?) ORDER BY place {order} LIMIT ? OFFSET ?",  # noqa: S608  of constants
            *(project, project, limit, offset),
        )
        return [build_id for (build_id,) in rows]

    def count(self, project: str | None = None) -> int:
        """How many builds there are, of a project or of all."""
        rows = self._rows("SELECT count(*) FROM build WHERE (? IS NULL OR project = ?)", project, project)
        return int(rows[0][0])

    def running(self, project: str | None = None) -> list[Build]:
        """All that are recorded as running, oldest first."""
        rows = self._rows(
            "SELECT body FROM build WHERE status = ? AND (? IS NULL OR project = ?) ORDER BY place",
            *(IN_PROGRESS, project, project),
        )
        return [_build(body) for (body,) in rows]

    def delete_build(self, build_id: str) -> None:
        """Forget a build."""
        self._rows("DELETE FROM build WHERE id = ?", build_id)

    # Tokens of requests

    def remember(self, operation: str, token: str, request: Mapping[str, Any], build_id: str, now: datetime) -> None:
        """Keep what a request with this token has started."""
        text = json.dumps(request, sort_keys=True)
        self._rows(
            "INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?, ?)", operation, token, text, build_id, now.isoformat()
        )

    def remembered(self, operation: str, token: str, since: datetime) -> tuple[dict[str, Any], str] | None:
        """The request with this token and the build's id; None where there was none since."""
        self._rows("DELETE FROM token WHERE made < ?", since.isoformat())
        rows = self._rows("SELECT request, id FROM token WHERE operation = ? AND token = ?", operation, token)
        return (json.loads(rows[0][0]), str(rows[0][1])) if rows else None


def moment_of(text: str | None) -> datetime | None:
    """A time as it is kept."""
    return None if text is None else datetime.fromisoformat(text)


def to_text(record: Any) -> str:
    """A record as JSON, its times in ISO 8601."""
    return json.dumps(asdict(record), default=datetime.isoformat, separators=(",", ":"))


def _project(text: str) -> Project:
    body = json.loads(text)
    created, modified = datetime.fromisoformat(body.pop("created")), datetime.fromisoformat(body.pop("modified"))
    return Project(created=created, modified=modified, **body)


def _build(text: str) -> Build:
    body = json.loads(text)
    phases = tuple(_phase(phase) for phase in body.pop("phases"))
    submitted, ended = datetime.fromisoformat(body.pop("submitted")), moment_of(body.pop("ended"))
    return Build(submitted=submitted, ended=ended, phases=phases, **body)


def _phase(body: dict[str, Any]) -> Phase:
    started, ended, context = (body.pop(name) for name in ("started", "ended", "context"))
    return Phase(
        started=datetime.fromisoformat(started),
        ended=moment_of(ended),
        context=PhaseContext(**context) if context else None,
        **body,
    )
