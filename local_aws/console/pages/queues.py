"""SQS queues with how much waits in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone

from moto.sqs.models import Queue

from local_aws.console.paging import page_of
from local_aws.console.view import View, Visit


@dataclass(frozen=True)
class QueueRow:
    """One queue. `oldest_seconds` is the age of the oldest message, None of an empty queue."""

    name: str
    waiting: int
    in_flight: int
    delayed: int
    oldest_seconds: float | None
    dead_letters: str
    created: datetime


def queues(visit: Visit) -> View:
    """All queues by name."""
    now = visit.sources.context.now()
    found = sorted(list(visit.sources.queues.queues.values()), key=lambda queue: queue.name)
    shown = page_of([_row(queue, now) for queue in found], visit.request.args)
    return View("queues.html", "Queues", {"shown": shown}, live=bool(found))


def _row(queue: Queue, now: datetime) -> QueueRow:
    sent = [message.sent_timestamp or 0 for message in list(queue._messages)]
    return QueueRow(
        name=queue.name,
        waiting=int(queue.approximate_number_of_messages),
        in_flight=int(queue.approximate_number_of_messages_not_visible),
        delayed=int(queue.approximate_number_of_messages_delayed),
        oldest_seconds=max(0.0, now.timestamp() - min(sent) / 1000) if sent else None,
        dead_letters=_target(queue),
        created=datetime.fromtimestamp(float(queue.created_timestamp), timezone.utc),
    )


def _target(queue: Queue) -> str:
    policy = queue.redrive_policy or {}
    found = json.loads(policy) if isinstance(policy, str) else policy
    return str(found.get("deadLetterTargetArn", "")).rpartition(":")[2]
