"""Doing something every few seconds, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

LOGGER = logging.getLogger(__name__)


class Periodic:
    """Calls `action` every `seconds`, sooner when woken; an action that fails is logged and called again."""

    def __init__(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        self._name = name
        self._seconds = seconds
        self._action = action
        self._wake = threading.Event()
        self._over = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin. Once only."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Call the action now, in its own thread; returns at once."""
        self._wake.set()

    def stop(self) -> None:
        """End, and call the action once more. No error where it was never started."""
        self._over = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._call()

    def _run(self) -> None:
        while not self._over:
            self._wake.wait(self._seconds)
            self._wake.clear()
            if not self._over:
                self._call()

    def _call(self) -> None:
        try:
            self._action()
        except Exception:
            LOGGER.exception("%s failed", self._name)
