"""Report groups and reports on disk."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Any

from local_aws.builds.records import Report, ReportGroup, TestCase
from local_aws.builds.store import to_text
from local_aws.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS report_group (arn TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS report (
    place INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, group_arn TEXT NOT NULL, status TEXT NOT NULL,
    created TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS report_of_group ON report (group_arn, place);
"""


class GroupThere(Exception):
    """A report group with this ARN is already there."""


class ReportStore:
    """Safe to call from any thread. What it does not have raises KeyError."""

    def __init__(self, database: Database) -> None:
        self._rows = database.rows
        self._transaction = database.transaction

    def add_group(self, group: ReportGroup) -> None:
        """Raises GroupThere."""
        try:
            self._rows("INSERT INTO report_group VALUES (?, ?)", group.arn, to_text(group))
        except sqlite3.IntegrityError as error:
            raise GroupThere(group.arn) from error

    def put_group(self, group: ReportGroup) -> None:
        """Change one that is there."""
        self._rows("UPDATE report_group SET body = ? WHERE arn = ?", to_text(group), group.arn)

    def group(self, arn: str) -> ReportGroup:
        """Raises KeyError."""
        rows = self._rows("SELECT body FROM report_group WHERE arn = ?", arn)
        if not rows:
            raise KeyError(arn)
        return _group(rows[0][0])

    def groups(self) -> list[ReportGroup]:
        """All of them, by name."""
        return sorted(
            (_group(body) for (body,) in self._rows("SELECT body FROM report_group")), key=lambda group: group.name
        )

    def delete_group(self, arn: str) -> None:
        """Forget a group with its reports."""
        with self._transaction():
            self._rows("DELETE FROM report_group WHERE arn = ?", arn)
            self._rows("DELETE FROM report WHERE group_arn = ?", arn)

    def add_report(self, report: Report) -> None:
        """Keep a report."""
        self._rows(
            "INSERT INTO report (arn, group_arn, status, created, body) VALUES (?, ?, ?, ?, ?)",
            *(report.arn, report.group_arn, report.status, report.created.isoformat(), to_text(report)),
        )

    def report(self, arn: str) -> Report:
        """Raises KeyError."""
        rows = self._rows("SELECT body FROM report WHERE arn = ?", arn)
        if not rows:
            raise KeyError(arn)
        return _report(rows[0][0])

    def report_arns(self, group_arn: str | None, status: str | None, ascending: bool) -> list[str]:
        """Of a group, or of all, by when they were made."""
        rows = self._rows(
            "SELECT arn FROM report WHERE (? IS NULL OR group_arn = ?) AND (? IS NULL OR status = ?) ORDER BY place",
            *(group_arn, group_arn, status, status),
        )
        arns = [str(arn) for (arn,) in rows]
        return arns if ascending else arns[::-1]

    def delete_report(self, arn: str) -> None:
        """Forget a report."""
        self._rows("DELETE FROM report WHERE arn = ?", arn)

    def forget_before(self, moment: datetime) -> None:
        """Drop reports that were made before this moment."""
        self._rows("DELETE FROM report WHERE created < ?", moment.isoformat())


def _group(text: str) -> ReportGroup:
    body = _with_times(text, "created", "modified")
    return ReportGroup(**{**body, "tags": tuple(body["tags"])})


def _report(text: str) -> Report:
    body = _with_times(text, "created")
    return Report(**{**body, "cases": tuple(TestCase(**case) for case in body["cases"])})


def _with_times(text: str, *names: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text)
    return {**body, **{name: datetime.fromisoformat(body[name]) for name in names}}
