"""An EventBridge that keeps what it is told, in the form in which its targets would get it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class EventSink:
    """Takes events as EventBridge does: what is not of JSON's types, or has no time zone, is a fault of the source."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
        time: datetime | None = None,
    ) -> str:
        assert time is None or time.tzinfo is not None
        event = {"source": source, "detail-type": detail_type, "detail": detail, "resources": list(resources)}
        self.events.append(json.loads(json.dumps(event)))
        return str(len(self.events))

    @property
    def details(self) -> list[dict[str, Any]]:
        return [event["detail"] for event in self.events]
