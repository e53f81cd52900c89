"""Event buses, rules, their targets and tags on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from local_aws.database import Database
from local_aws.events.records import Bus, Rule, Target

SCHEMA = """
CREATE TABLE IF NOT EXISTS bus (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rule (bus TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (bus, name));
CREATE TABLE IF NOT EXISTS target (
    bus TEXT NOT NULL, rule TEXT NOT NULL, id TEXT NOT NULL, arn TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (bus, rule, id)
);
CREATE INDEX IF NOT EXISTS target_arn ON target (arn);
CREATE TABLE IF NOT EXISTS tag (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
"""


class EventStore:
    """Safe to call from any thread; every call is one transaction. What it does not have raises KeyError."""

    def __init__(self, database: Database) -> None:
        """The database must have been made with this module's schema."""
        self._database = database
        self._rows = database.rows

    # Event buses

    def put_bus(self, bus: Bus) -> None:
        """Add an event bus, or change it."""
        self._rows("INSERT OR REPLACE INTO bus VALUES (?, ?)", bus.name, _text(asdict(bus)))

    def bus(self, name: str) -> Bus:
        """Raises KeyError."""
        return _bus(self._one("SELECT body FROM bus WHERE name = ?", name))

    def buses(self) -> list[Bus]:
        """All of them, by name."""
        return [_bus(body) for (body,) in self._rows("SELECT body FROM bus ORDER BY name")]

    def delete_bus(self, bus: Bus) -> None:
        """Forget an event bus and its tags."""
        with self._database.transaction():
            self._rows("DELETE FROM bus WHERE name = ?", bus.name)
            self._rows("DELETE FROM tag WHERE arn = ?", bus.arn)

    # Rules

    def put_rule(self, rule: Rule) -> None:
        """Add a rule, or change it; its targets stay."""
        self._rows("INSERT OR REPLACE INTO rule VALUES (?, ?, ?)", rule.bus, rule.name, _text(asdict(rule)))

    def rule(self, bus: str, name: str) -> Rule:
        """Raises KeyError."""
        return _rule(self._one("SELECT body FROM rule WHERE bus = ? AND name = ?", bus, name))

    def rules(self, bus: str | None = None) -> list[Rule]:
        """Those of a bus, or all of them, by name."""
        rows = self._rows("SELECT body FROM rule WHERE ? IS NULL OR bus = ? ORDER BY name", bus, bus)
        return [_rule(body) for (body,) in rows]

    def delete_rule(self, rule: Rule) -> None:
        """Forget a rule, its targets and its tags."""
        with self._database.transaction():
            self._rows("DELETE FROM rule WHERE bus = ? AND name = ?", rule.bus, rule.name)
            self._rows("DELETE FROM target WHERE bus = ? AND rule = ?", rule.bus, rule.name)
            self._rows("DELETE FROM tag WHERE arn = ?", rule.arn)

    # Targets

    def put_targets(self, rule: Rule, targets: Iterable[Target]) -> None:
        """Add targets, or change those with the same Id."""
        with self._database.transaction():
            for target in targets:
                row = (rule.bus, rule.name, target["Id"], target["Arn"], json.dumps(dict(target)))
                self._rows("INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?)", *row)

    def targets(self, rule: Rule) -> list[Target]:
        """Those of a rule, by Id."""
        rows = self._rows("SELECT body FROM target WHERE bus = ? AND rule = ? ORDER BY id", rule.bus, rule.name)
        return [json.loads(body) for (body,) in rows]

    def remove_targets(self, rule: Rule, ids: Iterable[str]) -> None:
        """Take targets from a rule; no error where it has none of that Id."""
        with self._database.transaction():
            for name in ids:
                self._rows("DELETE FROM target WHERE bus = ? AND rule = ? AND id = ?", rule.bus, rule.name, name)

    def rule_names_of_target(self, bus: str, arn: str) -> list[str]:
        """The rules of a bus that have a target with this ARN."""
        rows = self._rows("SELECT DISTINCT rule FROM target WHERE arn = ? AND bus = ? ORDER BY rule", arn, bus)
        return [name for (name,) in rows]

    # Tags

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags of a bus or rule."""
        with self._database.transaction():
            for key, value in tags.items():
                self._rows("INSERT OR REPLACE INTO tag VALUES (?, ?, ?)", arn, key, value)

    def untag(self, arn: str, keys: Iterable[str]) -> None:
        """Take tags from a bus or rule."""
        with self._database.transaction():
            for key in keys:
                self._rows("DELETE FROM tag WHERE arn = ? AND key = ?", arn, key)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a bus or rule, by key."""
        return dict(self._rows("SELECT key, value FROM tag WHERE arn = ? ORDER BY key", arn))

    def _one(self, statement: str, *values: str) -> str:
        rows = self._rows(statement, *values)
        if not rows:
            raise KeyError(values)
        return str(rows[0][0])


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, default=datetime.isoformat)


def _bus(text: str) -> Bus:
    body = json.loads(text)
    created, changed = datetime.fromisoformat(body.pop("created")), datetime.fromisoformat(body.pop("changed"))
    return Bus(created=created, changed=changed, **body)


def _rule(text: str) -> Rule:
    body = json.loads(text)
    return Rule(since=datetime.fromisoformat(body.pop("since")), **body)
