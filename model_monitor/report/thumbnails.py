"""Captured bytes to a small picture that is safe to show, or the reason why there is none.

Anybody may have sent them: nothing is shown but what Pillow has verified as PNG or JPEG, decoded and encoded anew.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image

from processing.image_decoding import FORMATS, MALFORMED, ImageUnreadable, decode_image

# an endpoint takes 6 MB
MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 25_000_000
LARGEST_SIDE = 128
ORIENTATION, TURNED = 0x0112, frozenset({5, 6, 7, 8})


@dataclass(frozen=True)
class Thumbnail:
    """A PNG of at most LARGEST_SIDE pixels a side; or None, and `problem` says why."""

    png: bytes | None
    width: int = 0
    height: int = 0
    problem: str | None = None


def thumbnail_of(body: bytes | None) -> Thumbnail:
    """None stands for a request that was not captured."""
    if body is None:
        return Thumbnail(None, problem="not captured, or damaged")
    if len(body) > MAX_BYTES:
        return Thumbnail(None, problem=f"not shown: {len(body):,} bytes, at most {MAX_BYTES:,} are decoded")
    try:
        width, height = _verified_size(body)
        scale = LARGEST_SIDE / max(width, height, LARGEST_SIDE)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = decode_image(body, max(size))
        return Thumbnail(_encoded(pixels, size), *size)
    except ImageUnreadable as error:
        return Thumbnail(None, problem=str(error))


def _verified_size(body: bytes) -> tuple[int, int]:
    """Width and height as they are looked at. Raises ImageUnreadable."""
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a picture that is somewhat too large
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body), formats=FORMATS) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise ImageUnreadable(f"too large: {width} x {height} pixels, at most {MAX_PIXELS:,} are decoded")
                image.verify()
            # a picture that was verified has to be opened anew
            with Image.open(io.BytesIO(body), formats=FORMATS) as image:
                turned = image.getexif().get(ORIENTATION) in TURNED
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageUnreadable(f"too large: more than {MAX_PIXELS:,} pixels") from None
    except ImageUnreadable:
        raise
    except MALFORMED as error:
        if isinstance(error, Image.UnidentifiedImageError) or not body:
            raise ImageUnreadable(f"neither PNG nor JPEG: {len(body):,} bytes from {body[:8]!r}") from None
        raise ImageUnreadable(f"damaged: {str(error)[:80]}") from None
    return (height, width) if turned else (width, height)


def _encoded(pixels: np.ndarray, size: tuple[int, int]) -> bytes:
    image = Image.fromarray(pixels)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    encoded = io.BytesIO()
    image.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()
