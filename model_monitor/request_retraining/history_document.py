"""The history as it is kept: one small JSON document, which people may read, and have been known to edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from .decision import History, Request, Trigger

VERSION = 1
# clocks differ by seconds; a request of the day after tomorrow would hold back all others until then
FURTHEST_AHEAD = timedelta(days=1)
LARGEST_BYTES = 1_000_000


class HistoryDamaged(ValueError):
    """The document is none of ours; the message says what is wrong with it."""


def write(history: History) -> bytes:
    """The document."""
    requests = [_request_document(request) for request in history.requests]
    return json.dumps({"version": VERSION, "requests": requests}, indent=1).encode()


def read(content: bytes, now: datetime) -> History:
    """The history in a document. Raises HistoryDamaged."""
    if len(content) > LARGEST_BYTES:
        raise HistoryDamaged(f"{len(content)} bytes, more than {LARGEST_BYTES}")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise HistoryDamaged(f"it is not JSON ({error})") from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise HistoryDamaged(f"it is no object of version {VERSION}")
    try:
        requests = [_request(one) for one in document["requests"]]
    except (KeyError, TypeError, ValueError) as error:
        raise HistoryDamaged(f"its requests are not as they were written ({type(error).__name__}: {error})") from error
    ahead = [one.request_id for one in requests if one.requested_at > now + FURTHEST_AHEAD]
    if ahead:
        raise HistoryDamaged(f"request {ahead[0]} is of the future")
    return History(tuple(sorted(requests, key=lambda one: one.requested_at)))


def _request_document(request: Request) -> Mapping[str, Any]:
    trigger = request.trigger
    return {
        "requestId": request.request_id,
        "requestedAt": request.requested_at.isoformat(),
        "published": request.published,
        "claimant": request.claimant,
        "trigger": {
            "id": trigger.id,
            "name": trigger.name,
            "arn": trigger.arn,
            "endpoint": trigger.endpoint,
            "reason": trigger.reason,
            "occurredAt": trigger.occurred_at.isoformat(),
        },
    }


def _request(document: Any) -> Request:
    trigger = document["trigger"]
    if not isinstance(document["published"], bool):
        raise TypeError("published is neither true nor false")
    return Request(
        request_id=_named(document, "requestId"),
        trigger=Trigger(
            id=_named(trigger, "id"),
            name=_named(trigger, "name"),
            arn=_named(trigger, "arn"),
            endpoint=_named(trigger, "endpoint"),
            reason=_named(trigger, "reason"),
            occurred_at=moment(trigger["occurredAt"]),
        ),
        requested_at=moment(document["requestedAt"]),
        claimant=_named(document, "claimant"),
        published=document["published"],
    )


def _named(document: Any, name: str) -> str:
    if not isinstance(document[name], str):
        raise TypeError(f"{name} is no text")
    return str(document[name])


def moment(text: Any) -> datetime:
    """A time in ISO 8601, also as CloudWatch writes it: 2026-03-01T12:00:00.000+0000. Raises ValueError, TypeError."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no time")
    if text.endswith("+0000"):
        text = f"{text[:-5]}+00:00"
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
