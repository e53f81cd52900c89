"""Asynchronous invocations: events that wait for their turn, and are tried again where the function failed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from local_aws.functions.execution import Request

LOGGER = logging.getLogger(__name__)

EVENTS_AT_ONCE = 8

# function, qualifier, request -> whether it needs no other try
Run = Callable[[str, "str | None", Request], bool]


class EventQueue:
    """Runs events in the background. They live in memory: the end of the server gives them up, with a warning."""

    def __init__(self, run: Run, delays: tuple[float, ...]) -> None:
        """`delays`, in seconds, are the waits before the second try, the third and so on."""
        self._run = run
        self._delays = delays
        self._threads = ThreadPoolExecutor(EVENTS_AT_ONCE, thread_name_prefix="function-event")
        self._lock = threading.Lock()
        self._waiting: set[threading.Timer] = set()
        self._closed = False

    def put(self, function: str, qualifier: str | None, request: Request, retries: int) -> None:
        """Queue an event, to be tried `retries` times more where it fails."""
        self._submit(function, qualifier, request, min(retries, len(self._delays)), 0)

    def close(self) -> None:
        """Take no more events and give up those that wait."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, set()
        for timer in waiting:
            timer.cancel()
        if waiting:
            LOGGER.warning("%d events that waited for another try were given up", len(waiting))
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _submit(self, function: str, qualifier: str | None, request: Request, retries: int, tried: int) -> None:
        with self._lock:
            if not self._closed:
                self._threads.submit(self._try, function, qualifier, request, retries, tried)

    def _try(self, function: str, qualifier: str | None, request: Request, retries: int, tried: int) -> None:
        try:
            done = self._run(function, qualifier, request)
        except Exception:
            LOGGER.exception("event %s of function %s could not be run", request.id, function)
            done = False
        if done:
            return
        if tried >= retries:
            LOGGER.warning("event %s was dropped: function %s failed %d times", request.id, function, tried + 1)
            return
        timer = threading.Timer(
            self._delays[tried], lambda: self._again(timer, function, qualifier, request, retries, tried + 1)
        )
        timer.daemon = True
        with self._lock:
            if self._closed:
                return
            self._waiting.add(timer)
            timer.start()

    def _again(
        self,
        timer: threading.Timer,
        function: str,
        qualifier: str | None,
        request: Request,
        retries: int,
        tried: int,
    ) -> None:
        with self._lock:
            self._waiting.discard(timer)
        self._submit(function, qualifier, request, retries, tried)
