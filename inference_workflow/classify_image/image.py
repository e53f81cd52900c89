"""The bytes of the image that an event carries or refers to."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts import SerializedImage
from events import EventNotUnderstood
from image_bytes import content_type_of
from image_store import ENDPOINT_LIMIT_BYTES, ImageTooLarge, fetch_image


@dataclass(frozen=True)
class Image:
    """Encoded image bytes and what they are: `image/png` or `image/jpeg`."""

    data: bytes
    content_type: str


def image_of(serialized: SerializedImage, s3: Callable[[], Any]) -> Image:
    """From the text in `image_data`, else from S3. Raises EventNotUnderstood, ImageTooLarge and what S3 says.

    `s3` is asked for the client only when it is needed.
    """
    if serialized.image_data:
        return _decoded(serialized.image_data)
    stored = fetch_image(
        s3(), serialized.s3_bucket, serialized.s3_key, take_in=ENDPOINT_LIMIT_BYTES, etag=serialized.s3_etag
    )
    assert stored.data is not None, "what an endpoint takes was asked for, and larger ones are refused"  # noqa: S101
    return Image(stored.data, stored.content_type)


def _decoded(text: str) -> Image:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EventNotUnderstood(f"image_data: not base64 text: {error}") from None
    if len(data) > ENDPOINT_LIMIT_BYTES:
        raise ImageTooLarge(f"image_data has {len(data)} bytes; an endpoint takes {ENDPOINT_LIMIT_BYTES} at most")
    return Image(data, content_type_of(data, "image_data"))
