"""Hue, saturation and lightness of many images at a time."""

from __future__ import annotations

import numpy
import numpy.typing

from .pixels import Pixels

Floats = numpy.typing.NDArray[numpy.float32]
Shifts = numpy.typing.NDArray[numpy.int64]
HALF_DEGREES = 180
SCALE = 255


def shifted(images: Pixels, hue: Shifts, saturation: Shifts, lightness: Shifts) -> Pixels:
    """The images with something added to the hue, saturation and lightness of each.

    `images` is number x height x width x 3 (red, green, blue); of the shifts there is one for each image, hue in half
    degrees of 180, saturation and lightness on a scale to 255. What leaves the scale is cut off, hue goes round.
    """
    h, s, light = _hsl((images / SCALE).astype(numpy.float32))
    each = (slice(None), None, None)
    h = (h + (hue[each] / HALF_DEGREES).astype(numpy.float32)) % 1
    s = numpy.clip(s + (saturation[each] / SCALE).astype(numpy.float32), 0, 1)
    light = numpy.clip(light + (lightness[each] / SCALE).astype(numpy.float32), 0, 1)
    return (_rgb(h, s, light) * SCALE + 0.5).astype(numpy.uint8)


def _hsl(rgb: Floats) -> tuple[Floats, Floats, Floats]:
    """Each from 0 to 1; a grey has hue and saturation 0."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    most, least = rgb.max(axis=-1), rgb.min(axis=-1)
    spread = most - least
    light = (most + least) / 2
    whole = 1 - numpy.abs(2 * light - 1)
    saturation = numpy.divide(spread, whole, out=numpy.zeros_like(spread), where=whole > 0)
    divisor = numpy.where(spread > 0, spread, 1)
    hue = numpy.select(
        [most == red, most == green],
        [(green - blue) / divisor % 6, (blue - red) / divisor + 2],
        (red - green) / divisor + 4,
    )
    hue = numpy.where(spread > 0, hue / 6, 0)
    return hue.astype(numpy.float32), saturation, light


def _rgb(hue: Floats, saturation: Floats, light: Floats) -> Floats:
    reach = saturation * numpy.minimum(light, 1 - light)
    parts = []
    for offset in (0, 8, 4):
        k = (offset + hue * 12) % 12
        parts.append(light - reach * numpy.clip(numpy.minimum(k - 3, 9 - k), -1, 1))
    return numpy.stack(parts, axis=-1)
