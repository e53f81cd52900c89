"""Encoded images as arrays of bytes, height x width x channels, of the size that the network takes in."""

from __future__ import annotations

import io
import warnings

import numpy
import numpy.typing
from PIL import Image

from .values import ImageShape

Pixels = numpy.typing.NDArray[numpy.uint8]
FORMATS = ("JPEG", "PNG")
MODES = {1: "L", 3: "RGB"}
LARGEST_IMAGE = 64_000_000  # pixels


class ImageUnreadable(ValueError):
    """The bytes are no JPEG or PNG image that can be decoded."""


def decode(content: bytes, channels: int) -> Image.Image:
    """A JPEG or PNG image of at most 64 million pixels in grey (1 channel) or colour (3). Raises ImageUnreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            if image.width * image.height > LARGEST_IMAGE:
                raise ImageUnreadable(f"it has {image.width}x{image.height} pixels, more than {LARGEST_IMAGE}")
            return image.convert(MODES[channels])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageUnreadable(str(error) or "it is no JPEG or PNG image") from error


def shortest_side(image: Image.Image, side: int | None) -> Image.Image:
    """The image with its shortest side of `side` pixels, its proportions kept; as it is where `side` is None."""
    if side is None or min(image.size) == side:
        return image
    scale = side / min(image.size)
    return image.resize((max(side, round(image.width * scale)), max(side, round(image.height * scale))))


def fits(image: Image.Image, shape: ImageShape) -> bool:
    """Whether the image is at least as large as the network's input."""
    return image.height >= shape.height and image.width >= shape.width


def crop(image: Image.Image, shape: ImageShape, left: int, top: int) -> Pixels:
    """The part of the network's size whose upper left corner is at `left`, `top`."""
    return as_array(image.crop((left, top, left + shape.width, top + shape.height)))


def central_crop(image: Image.Image, shape: ImageShape) -> Pixels:
    """The part of the network's size in the middle of the image."""
    return crop(image, shape, (image.width - shape.width) // 2, (image.height - shape.height) // 2)


def scaled(image: Image.Image, shape: ImageShape) -> Pixels:
    """The whole image in the network's size, whatever becomes of its proportions: what inference sees."""
    size = (shape.width, shape.height)
    return as_array(image if image.size == size else image.resize(size))


def as_array(image: Image.Image) -> Pixels:
    """Height x width x channels, with channels where there is one too."""
    array = numpy.asarray(image, dtype=numpy.uint8)
    return array[:, :, None] if array.ndim == 2 else array
