"""From an event to the deliveries that it causes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from local_aws.events.event_metrics import EventMetrics
from local_aws.events.pending import PendingDeliveries
from local_aws.events.records import Delivery, Event, Origin
from local_aws.events.rule_book import ActiveRule, RuleBook
from local_aws.events.targets.base import Kinds
from local_aws.events.targets.buses import BusTarget


class Router:
    """Puts deliveries on record; delivering them is for others. Safe to call from any thread."""

    def __init__(
        self,
        rules: RuleBook,
        pending: PendingDeliveries,
        kinds: Kinds,
        metrics: EventMetrics,
        now: Callable[[], datetime],
        added: Callable[[], None],
    ) -> None:
        """`added` is called whenever deliveries were put on record."""
        self._rules = rules
        self._pending = pending
        self._kinds = kinds
        self._metrics = metrics
        self._now = now
        self._added = added

    def route(self, event: Event, bus: str, forwarded: bool = False) -> None:
        """To all targets of all rules that match; `forwarded` by another bus, not to a third one. Raises TooMany."""
        matching = self._rules.matching(event, bus)
        if matching:
            self._add(event, matching, forwarded)
            self._metrics.matched()

    def fire(self, active: ActiveRule, event: Event) -> None:
        """To all targets of one rule. Raises TooMany."""
        self._add(event, [active], forwarded=False)

    def _add(self, event: Event, matching: Sequence[ActiveRule], forwarded: bool) -> None:
        received = self._now()
        deliveries = []
        for active in matching:
            origin = Origin(active.rule.bus, active.rule.name, active.rule.arn, received)
            for target in active.targets:
                kind = self._kinds.of(target["Arn"])
                if forwarded and isinstance(kind, BusTarget):
                    self._metrics.count(origin, "DeadLetterInvocations")
                    continue
                deliveries.append((kind.lane, Delivery(str(uuid.uuid4()), event, origin, target, due=received)))
            self._metrics.count(origin, "TriggeredRules")
        if deliveries:
            self._pending.add(deliveries)
            self._added()
