"""Fires rules that have a schedule. What falls into the time when the server was down is not made up for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timezone

from local_aws.events.rule_book import ActiveRule, RuleBook
from local_aws.periodic import Periodic

LOGGER = logging.getLogger(__name__)
SECONDS = 1.0


class Scheduler:
    """Looks at the clock every second. `fire` gets the rule and the moment that it was due."""

    def __init__(
        self, rules: RuleBook, now: Callable[[], datetime], fire: Callable[[ActiveRule, datetime], None]
    ) -> None:
        self._rules = rules
        self._now = now
        self._fire = fire
        # by ARN: the schedule as it was, and when it is due
        self._due: dict[str, tuple[str | None, datetime, datetime | None]] = {}
        self._looked = now()
        self._periodic = Periodic("event schedules", SECONDS, self.tick)

    def start(self) -> None:
        """Begin. Once only."""
        self._looked = self._now()
        self._periodic.start()

    def stop(self) -> None:
        """End."""
        self._periodic.stop()

    def tick(self) -> None:
        """Fire what has become due; a rule that was due several times since the last look fires once."""
        now = self._now()
        scheduled = {active.rule.arn: active for active in self._rules.active() if active.schedule is not None}
        self._due = {arn: due for arn, due in self._due.items() if arn in scheduled}
        for arn, active in scheduled.items():
            due = self._due_of(arn, active)
            if due is not None and due <= now:
                self._fire_safely(active, due)
                self._remember(active, now)
        self._looked = now

    def _due_of(self, arn: str, active: ActiveRule) -> datetime | None:
        known = self._due.get(arn)
        if known is None or known[:2] != (active.rule.schedule, active.rule.since):
            # it was made, changed or enabled since the last look, or the server was started then
            self._remember(active, max(self._looked, active.rule.since))
        return self._due[arn][2]

    def _remember(self, active: ActiveRule, moment: datetime) -> None:
        rule, schedule = active.rule, active.schedule
        due = schedule.next_after(moment.astimezone(timezone.utc), rule.since) if schedule else None
        self._due[rule.arn] = (rule.schedule, rule.since, due)

    def _fire_safely(self, active: ActiveRule, due: datetime) -> None:
        try:
            self._fire(active, due)
        except Exception:
            LOGGER.exception("rule %s did not fire at %s", active.rule.arn, due)
