"""Time as the engine sees it, so that tests need not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """The present moment, timezone-aware."""

    def wait(self, wake: threading.Event, seconds: float) -> None:
        """Return after so many seconds, or as soon as `wake` is set."""


class SystemClock:
    """Real time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now()

    def wait(self, wake: threading.Event, seconds: float) -> None:
        wake.wait(seconds)
