"""Waiting for what happens elsewhere. A wait ends only what hangs: how fast the machine is decides no test."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

# below the 300 s after which pytest itself ends a test, so that the wait can say what it waited for
PATIENCE_SECONDS = 240.0
# of the tests marked slow, for which that limit is 1500 s
SLOW_PATIENCE_SECONDS = 1200.0
POLL_SECONDS = 0.02

Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found | None], what: str | Callable[[], object], patience: float = PATIENCE_SECONDS
) -> Found:
    """What a condition gives as soon as it is true.

    `what` names what is waited for, or is asked for it at the end, when it may tell the last state as well;
    `patience` is in seconds. Raises AssertionError when the patience is over.
    """
    end = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:g} s for {what() if callable(what) else what}")
        time.sleep(POLL_SECONDS)
    return found
