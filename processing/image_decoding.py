"""Encoded pictures to the pixels that the net takes. The same code as training/image_decoding.py, which travels with
the model: neither folder can import the other in a container, and a test holds the two together.
"""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG")
MALFORMED = (  # what Pillow's parsers raise when bytes are not what they expect
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
MAX_PIXELS = 50_000_000  # a 50-megapixel photograph; as RGB it is 150 MB


class ImageUnreadable(ValueError):
    """Bytes that are not a whole PNG or JPEG picture of a reasonable size."""


def decode_image(encoded: bytes, size: int) -> NDArray[np.uint8]:
    """Decode a PNG or JPEG of any size and colour mode to RGB pixels, size x size x 3.

    The EXIF orientation is applied, transparency is laid over white, and 16-bit grey is brought to 8 bits.
    A picture of another size is resampled to the square and not cropped: in CIFAR the object fills the frame.
    Raises ImageUnreadable, whose message says what the bytes are instead.
    """
    if not encoded:
        raise ImageUnreadable("empty: 0 bytes where a PNG or JPEG image is expected")
    try:
        with Image.open(io.BytesIO(encoded), formats=FORMATS) as image:
            _check_pixel_count(image.width, image.height)
            image.load()
            upright = _to_rgb(ImageOps.exif_transpose(image))
    except ImageUnreadable:
        raise
    except UnidentifiedImageError:
        raise ImageUnreadable(f"not a PNG or JPEG image: {len(encoded)} bytes from {encoded[:8]!r}") from None
    except Image.DecompressionBombError as error:
        raise ImageUnreadable(f"too large: {error}") from None
    except MALFORMED as error:
        raise ImageUnreadable(f"damaged image of {len(encoded)} bytes: {error}") from error
    if upright.size != (size, size):
        upright = upright.resize((size, size), Image.Resampling.BILINEAR)
    return np.array(upright, dtype=np.uint8)


def _check_pixel_count(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageUnreadable(f"too large: {width} x {height} pixels, at most {MAX_PIXELS} in all are taken")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        return _from_16_bit(image).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Pillow's own conversion clips 16-bit grey at 255 instead of scaling it."""
    values = np.asarray(image).astype(np.int64)
    return Image.fromarray((values.clip(0, 65535) >> 8).astype(np.uint8))
