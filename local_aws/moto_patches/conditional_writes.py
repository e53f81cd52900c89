"""Writes and deletions on a condition (If-Match, If-None-Match) in moto's S3: nobody comes between question and act.

moto looks at the condition, reads the body and its headers, and only then writes: of two requests at the same time both
are let through. It also takes an If-None-Match of an ETag, which S3 does not have, for no condition at all.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from moto.core.responses import TYPE_RESPONSE
from moto.s3.responses import S3Response

from local_aws.moto_patches.replacing import replace

# a key has one of these for ever, and most keys have another one
_LOCKS = tuple(threading.Lock() for _ in range(64))

Method = Callable[[S3Response], TYPE_RESPONSE]


# moto would give it status 400
NOT_IMPLEMENTED = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>NotImplemented</Code><Message>A header you provided implies '
    "functionality that is not implemented</Message><Header>If-None-Match</Header></Error>"
)


def install() -> None:
    """Patch moto for this process."""
    replace(
        S3Response,
        put_object=_one_at_a_time(_checked(S3Response.put_object)),
        copy_object=_one_at_a_time(S3Response.copy_object),
        delete_object=_one_at_a_time(S3Response.delete_object),
    )


def _checked(method: Method) -> Method:
    def checked(response: S3Response) -> TYPE_RESPONSE:
        if response.headers.get("If-None-Match") not in (None, "*"):
            return 501, {"content-type": "application/xml"}, NOT_IMPLEMENTED
        return method(response)

    return checked


def _one_at_a_time(method: Method) -> Method:
    """Writers of one key wait for each other, those without a condition too: they are what a condition is about."""

    def locked(response: S3Response) -> TYPE_RESPONSE:
        lock = _LOCKS[hash((response.bucket_name, response.parse_key_name())) % len(_LOCKS)]
        with lock:
            return method(response)

    return locked
