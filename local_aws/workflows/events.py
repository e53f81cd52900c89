"""An execution's history while it runs, in the place of moto's EventManager.

That one keeps times as text, copies the whole history whenever it is asked for it, and goes on after the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from time import time
from typing import Any

from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager


class RunEvents(EventManager):
    """The events of one execution; `rests` is called when it begins to wait for something outside."""

    def __init__(self, rests: Callable[[], None] = lambda: None) -> None:
        self.rests = rests
        self._lock = threading.Lock()
        self._events: list[dict[str, Any]] = []
        self._closed = False

    def add_event(  # type: ignore[no-untyped-def]
        self, context: EventHistoryContext, event_type, event_details=None, timestamp=None, update_source_event_id=True
    ) -> int:
        """Add one. Nothing is added once the execution has ended."""
        with self._lock:
            number = len(self._events) + 1
            if self._closed:
                return number
            event = {
                "timestamp": round(time(), 3),
                "type": plain(event_type),
                "id": number,
                "previousEventId": context.source_event_id,
                **{name: dict(details) if details else {} for name, details in (event_details or {}).items()},
            }
            self._events.append(event)
            context.last_published_event_id = number
            if update_source_event_id:
                context.source_event_id = number
            return number

    def get_event_history(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """All so far, oldest first."""
        with self._lock:
            return list(self._events)

    def close(self, last_type: str, last_details: dict[str, Any]) -> list[dict[str, Any]]:
        """Take no more; the history, whose last event is of this type, whoever added it."""
        with self._lock:
            self._closed = True
            if not self._events or self._events[-1]["type"] != last_type:
                number = len(self._events) + 1
                name = last_type[0].lower() + last_type[1:] + "EventDetails"
                event = {"timestamp": round(time(), 3), "type": last_type, "id": number, "previousEventId": 0}
                self._events.append({**event, name: last_details})
            return list(self._events)


def plain(value: Any) -> Any:
    """The text of an enumeration's member."""
    return value.value if isinstance(value, Enum) else value
