"""Which image an event is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from contracts import ImageRequest
from events import EventNotUnderstood, read, unwrap


def requested_image(event: Any) -> ImageRequest:
    """The image named by the workflow's input, by S3's own notification, or by its event on EventBridge.

    S3 encodes the key in notifications (`red+flower.png` is "red flower.png") but not in events on EventBridge, and
    the workflow's input is taken literally. Raises EventNotUnderstood.
    """
    members = unwrap(event)
    if "Records" in members:
        return _of_notification(members["Records"])
    if "detail" in members:
        detail = members["detail"]
        return _of_parts(detail, "detail")
    return read(members, ImageRequest)


def _of_notification(records: Any) -> ImageRequest:
    if not isinstance(records, list) or len(records) != 1:
        count = len(records) if isinstance(records, list) else "no"
        raise EventNotUnderstood(f"Records: {count} records; one image at a time is taken")
    record = records[0]
    found = _of_parts(record.get("s3") if isinstance(record, Mapping) else None, "Records.0.s3")
    return found.model_copy(update={"s3_key": unquote_plus(found.s3_key)})


def _of_parts(parts: Any, place: str) -> ImageRequest:
    try:
        return read({"s3_bucket": parts["bucket"]["name"], "s3_key": parts["object"]["key"]}, ImageRequest)
    except (TypeError, LookupError):
        raise EventNotUnderstood(f"{place}: no bucket.name and object.key, as in an event of S3") from None
