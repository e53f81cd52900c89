"""The worker that is EventBridge: its records, and the events that go through it."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from local_aws.database import Database
from local_aws.events import pending, store
from local_aws.events.dead_letters import DeadLetters
from local_aws.events.deliverer import Deliverer
from local_aws.events.dispatcher import Dispatcher
from local_aws.events.event_metrics import EventMetrics
from local_aws.events.records import DEFAULT_BUS, TIME_FORMAT, Bus, Event
from local_aws.events.router import Router
from local_aws.events.rule_book import ActiveRule, RuleBook
from local_aws.events.scheduler import Scheduler
from local_aws.events.targets import all_kinds, sqs_queues
from local_aws.sagemaker.context import Context

LOGGER = logging.getLogger(__name__)


class EventBridge:
    """A Worker of the context, as "events". `lock` is held while buses, rules or targets are changed."""

    def __init__(self, context: Context, changed: Callable[[str], None] = lambda service: None) -> None:
        """`changed` is told the name of a moto service that a delivery changed, so that it can be made durable."""
        self._context = context
        self.lock = threading.RLock()
        self.now = context.now
        self._database = Database(context.state_dir / "events.sqlite", store.SCHEMA + pending.SCHEMA)
        self.store = store.EventStore(self._database)
        self._ensure_default_bus()
        self.rules = RuleBook(self.store)
        waiting = pending.PendingDeliveries(self._database)
        queues = sqs_queues(context, changed)
        self.kinds = all_kinds(context, queues, self._forward, changed)
        self._metrics = EventMetrics(context.metrics, context.now)
        deliverer = Deliverer(self.kinds, waiting, DeadLetters(queues), self._metrics, context.now)
        self._dispatcher = Dispatcher(waiting, deliverer.attempt, context.now)
        self._router = Router(self.rules, waiting, self.kinds, self._metrics, context.now, self._dispatcher.wake)
        self._scheduler = Scheduler(self.rules, context.now, self._fire)

    def arn(self, resource: str) -> str:
        """The ARN of a resource given as `event-bus/name` or `rule/name`."""
        return f"arn:aws:events:{self._context.region}:{self._context.account_id}:{resource}"

    @property
    def account_id(self) -> str:
        """The account that everything belongs to."""
        return self._context.account_id

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
        time: datetime | None = None,
    ) -> str:
        """Put an event of an AWS service on the default bus: its id, at once.

        Delivery happens in threads of its own. Never raises: an event that cannot be taken is in the log.
        """
        event = self.event(source, detail_type, detail, resources, time)
        try:
            self.put(json.loads(json.dumps(event)), DEFAULT_BUS)
        except Exception:
            LOGGER.exception("the event %r of %s was not taken", detail_type, source)
        return str(event["id"])

    def event(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
        time: datetime | None = None,
    ) -> dict[str, Any]:
        """A new event, as targets get it; of now where no time is given."""
        moment = (time or self.now()).astimezone(timezone.utc)
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._context.account_id,
            "time": moment.strftime(TIME_FORMAT),
            "region": self._context.region,
            "resources": list(resources),
            "detail": dict(detail),
        }

    def put(self, event: Event, bus: str) -> None:
        """Deliver an event to the targets of the rules of a bus that match it. Raises TooMany."""
        self._router.route(event, bus)

    def start(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever started by name."""
        raise NotImplementedError(f"{kind} {name}")

    def stop(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever stopped by name."""
        raise NotImplementedError(f"{kind} {name}")

    def recover(self) -> None:
        """Begin: with the deliveries that an earlier process left, and without the schedules that it missed."""
        self._metrics.start()
        self._dispatcher.start()
        self._scheduler.start()

    def shutdown(self) -> None:
        """End; what is not delivered yet stays on record."""
        self._scheduler.stop()
        self._dispatcher.stop()
        self._metrics.stop()
        self._database.close()

    def _forward(self, event: Event, bus: str) -> None:
        self.store.bus(bus)
        self._router.route(event, bus, forwarded=True)

    def _fire(self, active: ActiveRule, due: datetime) -> None:
        event = self.event("aws.events", "Scheduled Event", {}, [active.rule.arn], due)
        self._router.fire(active, event)

    def _ensure_default_bus(self) -> None:
        try:
            self.store.bus(DEFAULT_BUS)
        except KeyError:
            now = self.now()
            self.store.put_bus(Bus(DEFAULT_BUS, self.arn(f"event-bus/{DEFAULT_BUS}"), now, now))
