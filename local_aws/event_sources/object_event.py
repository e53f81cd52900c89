"""What happened to an object in S3, whoever is told of it and in whatever form."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

from moto.s3.models import FakeBucket

from local_aws.sagemaker.store import utc_now

_LOCK = threading.Lock()
_last = 0


def next_sequencer() -> str:
    """16 hexadecimal digits, more than those of any event before."""
    global _last
    with _LOCK:
        _last = max(_last + 1, time.time_ns())
        return f"{_last:016X}"


def new_request_id() -> str:
    """As S3's look: 16 upper-case letters and digits."""
    return secrets.token_hex(8).upper()


@dataclass(frozen=True)
class ObjectEvent:
    """`name` is the notification's, without "s3:": ObjectCreated:Put. `etag` has no quotes.

    `size` is None where there is no object any more, `version_id` where the bucket has no versions.
    """

    bucket: FakeBucket
    name: str
    key: str
    etag: str
    size: int | None = None
    version_id: str | None = None
    moment: datetime = field(default_factory=utc_now)
    sequencer: str = field(default_factory=next_sequencer)
    request_id: str = field(default_factory=new_request_id)
