"""The threads that deliver: a bounded number of them, in lanes, so that slow targets do not hold up quick ones."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from local_aws.events.pending import PendingDeliveries
from local_aws.events.records import Delivery
from local_aws.events.targets.base import QUICK, SLOW

LOGGER = logging.getLogger(__name__)

THREADS = {QUICK: 4, SLOW: 16}
# somebody may set the clock
LONGEST_PAUSE = 30.0
GRACE_SECONDS = 5.0
PAUSE_AFTER_A_FAULT = 1.0


class Dispatcher:
    """Hands what is due to `attempt`, each delivery to one thread at a time."""

    def __init__(
        self,
        pending: PendingDeliveries,
        attempt: Callable[[Delivery], None],
        now: Callable[[], datetime],
        threads: Mapping[str, int] = THREADS,
    ) -> None:
        """`threads` says how many each lane has."""
        self._pending = pending
        self._attempt = attempt
        self._now = now
        self._threads = threads
        self._changed = threading.Condition()
        self._at_work: dict[str, set[str]] = {lane: set() for lane in threads}
        self._woken = False
        self._closing = threading.Event()
        self._pools = {lane: ThreadPoolExecutor(most, f"events-{lane}") for lane, most in threads.items()}
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process left. Once only."""
        self._thread.start()

    def wake(self) -> None:
        """Something may be due; returns at once."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Begin no more; wait so many seconds for what is at work, which stays on record if it does not end."""
        self._closing.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join()
        with self._changed:
            self._changed.wait_for(lambda: not any(self._at_work.values()), grace)
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                pause = self._hand_out()
            except Exception:
                LOGGER.exception("deliveries could not be handed out; trying again")
                pause = PAUSE_AFTER_A_FAULT
            with self._changed:
                self._changed.wait_for(lambda: self._woken, pause)
                self._woken = False

    def _hand_out(self) -> float:
        """Begin what is due and has a thread; how many seconds there is nothing to do, if nobody wakes."""
        now, pause = self._now(), LONGEST_PAUSE
        for lane, most in self._threads.items():
            with self._changed:
                busy = set(self._at_work[lane])
            for delivery in self._pending.due(lane, now, most - len(busy), busy):
                with self._changed:
                    self._at_work[lane].add(delivery.id)
                busy.add(delivery.id)
                self._pools[lane].submit(self._work, lane, delivery)
            due = self._pending.next_due(lane, busy) if len(busy) < most else None
            if due is not None:
                pause = min(pause, max(0.0, (due - now).total_seconds()))
        return pause

    def _work(self, lane: str, delivery: Delivery) -> None:
        try:
            self._attempt(delivery)
        except Exception:
            if not self._closing.is_set():
                LOGGER.exception("delivery %s stays on record", delivery.id)
                self._closing.wait(PAUSE_AFTER_A_FAULT)
        finally:
            with self._changed:
                self._at_work[lane].discard(delivery.id)
            self.wake()
