"""Deleting what may be gone already, and waiting until something is."""

from __future__ import annotations

import time
from collections.abc import Callable

from botocore.exceptions import ClientError

POLL_SECONDS = 2.0
WAIT_SECONDS = 900.0
Sleep = Callable[[float], None]

# How services say that something is not there: by a code of its own, or by a ValidationException that says so.
CODES = frozenset({"ResourceNotFound", "ResourceNotFoundException", "ObjectNotFoundException", "NoSuchBucket", "404"})
PHRASES = ("could not find", "does not exist", "not found", "cannot find", "no scalable target")


class StillThere(TimeoutError):
    """It was to go and has not, within WAIT_SECONDS."""


def is_missing(error: ClientError) -> bool:
    """Whether the service says that there is no such thing."""
    found = error.response["Error"]
    return found["Code"] in CODES or any(phrase in str(found.get("Message", "")).lower() for phrase in PHRASES)


def unless_missing(delete: Callable[[], object]) -> None:
    """Calls it; that there is nothing to delete is no error."""
    try:
        delete()
    except ClientError as error:
        if not is_missing(error):
            raise


def wait_until_missing(describe: Callable[[], object], what: str, sleep: Sleep = time.sleep) -> None:
    """Returns when `describe` finds nothing any more. Raises StillThere."""
    wait_until(lambda: _is_gone(describe), what, sleep)


def wait_until(done: Callable[[], bool], what: str, sleep: Sleep = time.sleep) -> None:
    """Returns when it is done. Raises StillThere after WAIT_SECONDS."""
    waited = 0.0
    while not done():
        if waited >= WAIT_SECONDS:
            raise StillThere(f"{what} is still there after {waited:g} s")
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS


def _is_gone(describe: Callable[[], object]) -> bool:
    try:
        describe()
    except ClientError as error:
        if is_missing(error):
            return True
        raise
    return False
