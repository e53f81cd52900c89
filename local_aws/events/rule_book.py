"""The enabled rules, ready to be held against events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from local_aws.events.matchers import InvalidPattern
from local_aws.events.patterns import Pattern
from local_aws.events.records import DISABLED, Event, Rule, Target
from local_aws.events.schedules import InvalidSchedule, Schedule
from local_aws.events.store import EventStore

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class ActiveRule:
    """An enabled rule with what its texts mean, and its targets."""

    rule: Rule
    pattern: Pattern | None
    schedule: Schedule | None
    targets: Sequence[Target]


class RuleBook:
    """Read from the store when it is first needed, and again after `changed`. Safe to call from any thread."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._rules: tuple[ActiveRule, ...] | None = None

    def changed(self) -> None:
        """Rules or targets in the store are others than before."""
        with self._lock:
            self._rules = None

    def active(self) -> tuple[ActiveRule, ...]:
        """All enabled rules."""
        with self._lock:
            if self._rules is None:
                self._rules = tuple(self._read())
            return self._rules

    def matching(self, event: Event, bus: str) -> list[ActiveRule]:
        """The rules of a bus whose pattern an event matches."""
        return [
            active
            for active in self.active()
            if active.rule.bus == bus and active.pattern is not None and active.pattern.matches(event)
        ]

    def _read(self) -> list[ActiveRule]:
        found = []
        for rule in self._store.rules():
            if rule.state == DISABLED:
                continue
            try:
                pattern = Pattern.parse(rule.pattern) if rule.pattern else None
                schedule = Schedule.parse(rule.schedule) if rule.schedule else None
            except (InvalidPattern, InvalidSchedule):
                # one rule that an earlier version of this server took must not stop all others
                LOGGER.exception("rule %s is left out", rule.arn)
                continue
            found.append(ActiveRule(rule, pattern, schedule, self._store.targets(rule)))
        return found
