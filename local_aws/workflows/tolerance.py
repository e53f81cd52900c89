"""How many failed items a map run bears."""

from __future__ import annotations

import threading
from typing import Any


class Tolerance:
    """Counts failures. Without any limit the first one is too many; with two, the one that is reached first counts."""

    def __init__(self, items: int, count: int | None, percentage: float | None) -> None:
        self._items = items
        self._count = 0 if count is None and percentage is None else count
        self._percentage = percentage
        self._lock = threading.Lock()
        self._failures = 0
        self.exceeded = False

    @classmethod
    def of(cls, given: Any, limits: tuple[bool, bool], items: int) -> Tolerance:
        """As the state says; `limits` are whether it has a count, and a percentage."""
        count = int(given.tolerated_failure_count) if limits[0] else None
        return cls(items, count, float(given.tolerated_failure_percentage) if limits[1] else None)

    def count_failure(self) -> bool:
        """Count one more; whether it is this one that is too many."""
        with self._lock:
            self._failures += 1
            before = self.exceeded
            over_count = self._count is not None and self._failures > self._count
            share = 100 * self._failures / self._items
            self.exceeded = before or over_count or (self._percentage is not None and share > self._percentage)
            return self.exceeded and not before
