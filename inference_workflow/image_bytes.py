"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

PNG = "image/png"
JPEG = "image/jpeg"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
# PNG's signature, the length and name of the first chunk, and its width and height
HEADER_BYTES = 24


class NotAnImage(ValueError):
    """Bytes that do not begin as a PNG or JPEG picture does."""


def content_type_of(data: bytes, source: str) -> str:
    """`image/png` or `image/jpeg`, from at least the first 24 bytes. `source` names them in the error.

    Only the beginning is looked at: a picture that is damaged further on is refused by the served model.
    Raises NotAnImage.
    """
    if data.startswith(PNG_SIGNATURE) and data[12:16] == b"IHDR" and any(data[16:20]) and any(data[20:HEADER_BYTES]):
        return PNG
    if data.startswith(JPEG_SIGNATURE) and len(data) > len(JPEG_SIGNATURE):
        return JPEG
    what = f"it begins with {data[:8]!r}" if data else "it is empty, 0 bytes"
    raise NotAnImage(f"{source} is not a PNG or JPEG image: {what}")
