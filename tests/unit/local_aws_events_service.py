"""EventBridge without a server: rules over a store, a kind of target that does as told, a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from moto.sqs.models import SQSBackend, sqs_backends

from local_aws.cloudwatch.series import SeriesStore
from local_aws.database import Database
from local_aws.events import pending, store
from local_aws.events.arns import Arn
from local_aws.events.dead_letters import DeadLetters
from local_aws.events.deliverer import Deliverer
from local_aws.events.event_metrics import NAMESPACE, EventMetrics
from local_aws.events.records import DEFAULT_BUS, ENABLED, Bus, Delivery, Rule
from local_aws.events.router import Router
from local_aws.events.rule_book import RuleBook
from local_aws.events.targets.base import QUICK, SLOW, Kinds, TargetKind
from local_aws.events.targets.buses import BusTarget
from local_aws.events.targets.queues import Queues
from local_aws.metrics import Metrics

ACCOUNT, REGION = "123456789012", "us-east-1"
THING = f"arn:aws:test:{REGION}:{ACCOUNT}:thing"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/events"
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Something Happened",
    "source": "tests",
    "account": ACCOUNT,
    "time": "2030-01-01T00:00:00Z",
    "region": REGION,
    "resources": [],
    "detail": {"n": 1},
}


@dataclass
class Clock:
    """Goes when it is told to."""

    moment: datetime = datetime(2030, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Things(TargetKind):
    """Takes what is delivered to ARNs of the service "test"; fails first with what is in `failures`."""

    failures: list[Exception] = field(default_factory=list)
    tried: list[Delivery] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    name = "things"

    def takes(self, arn: Arn) -> bool:
        return arn.service == "test"

    def deliver(self, delivery: Delivery, text: str) -> None:
        self.tried.append(delivery)
        if self.failures:
            raise self.failures.pop(0)
        self.got.append(text)


class World:
    """Rules, their targets, and what becomes of events; nothing happens but in `deliver`."""

    def __init__(self, folder: Path, most: int = 1000) -> None:
        self.clock = Clock()
        self.things = Things()
        self.database = Database(folder / "events.sqlite", store.SCHEMA + pending.SCHEMA)
        self.store = store.EventStore(self.database)
        self.rules = RuleBook(self.store)
        self.pending = pending.PendingDeliveries(self.database, most)
        self.sqs: SQSBackend = sqs_backends[ACCOUNT][REGION]
        self.metrics = Metrics(SeriesStore(folder / "metrics.sqlite"), self.clock)
        self.counts = counts = EventMetrics(self.metrics, self.clock)
        self.kinds = Kinds(REGION, ACCOUNT, (self.things, BusTarget(self._forward)))
        self.router = Router(self.rules, self.pending, self.kinds, counts, self.clock, lambda: None)
        dead_letters = DeadLetters(Queues(self.sqs))
        self.deliverer = Deliverer(self.kinds, self.pending, dead_letters, counts, self.clock, jitter=lambda: 1.0)
        self.bus(DEFAULT_BUS)

    def bus(self, name: str) -> str:
        """Make an event bus; its ARN."""
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{name}"
        self.store.put_bus(Bus(name, arn, self.clock(), self.clock()))
        return arn

    def rule(self, name: str, *targets: dict[str, Any], bus: str = DEFAULT_BUS, **settings: Any) -> Rule:
        """Make a rule; targets are things unless they say otherwise, settings those of a rule."""
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"
        given = {"state": ENABLED, "since": self.clock(), "pattern": '{"source": ["tests"]}', **settings}
        rule = Rule(bus, name, arn, **given)
        self.store.put_rule(rule)
        self.store.put_targets(
            rule, [{"Id": str(number), "Arn": THING, **target} for number, target in enumerate(targets or ({},))]
        )
        self.rules.changed()
        return rule

    def queue(self, name: str, **statement: Any) -> str:
        """Make a queue that EventBridge may send to, unless the statement says otherwise; its ARN."""
        allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
        self.sqs.create_queue(name)
        queue = self.sqs.get_queue(name)
        queue._policy_json = {"Statement": [allowed | statement]}
        return str(queue.queue_arn)

    def messages(self, queue_arn: str) -> list[Any]:
        """What is in a queue."""
        return list(self.sqs.get_queue(queue_arn.rpartition(":")[2])._messages)

    def deliver(self) -> int:
        """Try what is due now; how many that was."""
        due = [delivery for lane in (QUICK, SLOW) for delivery in self.pending.due(lane, self.clock(), 1000)]
        for delivery in due:
            self.deliverer.attempt(delivery)
        return len(due)

    def deliver_next(self) -> float:
        """Go on to when the next is due, and try it; how many seconds that took."""
        due = self.pending.next_due(QUICK)
        assert due is not None, "nothing is pending"
        passed = (due - self.clock()).total_seconds()
        self.clock.moment = due
        assert self.deliver() == 1
        return passed

    def count(self, name: str, **dimensions: str) -> float:
        """How often something was counted, for a rule or, without dimensions, for all."""
        start, end = datetime(2029, 12, 31, tzinfo=timezone.utc), datetime(2030, 1, 9, tzinfo=timezone.utc)
        self.counts.put()
        found = self.metrics.statistic(NAMESPACE, name, dimensions, "Sum", 60, start, end)
        return sum(value for _, value in found)

    def _forward(self, event: Any, bus: str) -> None:
        self.store.bus(bus)
        self.router.route(event, bus, forwarded=True)


@contextmanager
def world(folder: Path, most: int = 1000) -> Iterator[World]:
    """A world whose files are closed afterwards."""
    made = World(folder, most)
    yield made
    made.sqs.queues.clear()
    made.database.close()
    made.metrics.store.close()
