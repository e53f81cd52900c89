"""How an image travels on: as text in the state's payload, or as its address."""

from __future__ import annotations

import base64

from contracts import ImageRequest, SerializedImage
from image_store import StoredImage

# A state's input and output have 256 KiB at the most. 16 KiB of it is left for what stands around the text: the
# address, whose key alone takes 6 KiB where each of its 1,024 bytes is escaped, and Lambda's own envelope.
PAYLOAD_LIMIT_BYTES = 256 * 1024
TEXT_LIMIT_BYTES = PAYLOAD_LIMIT_BYTES - 16 * 1024
# base64 makes four characters of three bytes
INLINE_LIMIT_BYTES = TEXT_LIMIT_BYTES // 4 * 3


def serialized(request: ImageRequest, image: StoredImage) -> SerializedImage:
    """The image as base64 text where its bytes were taken in, else by reference."""
    return SerializedImage(
        image_data="" if image.data is None else base64.b64encode(image.data).decode("ascii"),
        s3_bucket=request.s3_bucket,
        s3_key=request.s3_key,
        s3_etag=image.etag,
        threshold=request.threshold,
    )
