"""Places for a small number of builds at once; the others wait in the order in which they came."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

FREE, TOO_LATE, NOT_WANTED = "free", "too late", "not wanted"


class Places:
    """Every build that took a place gives it back."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._changed:
            return len(self._waiting)

    def take(self, until: float, wanted: Callable[[], bool]) -> str:
        """Wait for a place until a moment of time.monotonic: FREE, TOO_LATE, or NOT_WANTED, which `wake` asks for."""
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            try:
                while wanted():
                    if self._free and self._waiting[0] is turn:
                        self._free -= 1
                        return FREE
                    left = until - time.monotonic()
                    if left <= 0:
                        return TOO_LATE
                    self._changed.wait(left)
                return NOT_WANTED
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()

    def give_back(self) -> None:
        """A build has ended."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those that wait look whether they are still wanted."""
        with self._changed:
            self._changed.notify_all()
