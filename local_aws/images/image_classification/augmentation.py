"""Training images at random: crop, crop_color and crop_color_transform, as the guide describes them."""

from __future__ import annotations

import math

import numpy
from PIL import Image

from . import pixels
from .colour import shifted
from .pixels import Pixels
from .values import ImageShape

# of hue in half degrees, of saturation and lightness on a scale to 255, as OpenCV counts
LARGEST_SHIFTS = (36, 50, 50)
LARGEST_ANGLE = 10.0
LARGEST_SHEAR = 0.1
LARGEST_ASPECT = 0.25
# MXNet fills with white what a turned image leaves open
FILL = 255


class Augmentation:
    """Makes training images of the network's size, at random; without a kind it takes their middle."""

    def __init__(self, kind: str | None, shape: ImageShape, random: numpy.random.Generator) -> None:
        self._shape = shape
        self._random = random
        self._crops = kind is not None
        self._colours = kind in ("crop_color", "crop_color_transform") and shape.channels == 3
        self._transforms = kind == "crop_color_transform"

    def image(self, image: Image.Image) -> Pixels:
        """One training image, from an image that is large enough."""
        if not self._crops:
            return pixels.central_crop(image, self._shape)
        if self._transforms:
            image = self._transformed(image)
        left = int(self._random.integers(image.width - self._shape.width + 1))
        top = int(self._random.integers(image.height - self._shape.height + 1))
        part = pixels.crop(image, self._shape, left, top)
        return part[:, ::-1] if self._random.random() < 0.5 else part

    def batch(self, images: Pixels) -> Pixels:
        """What is done to many images at a time: their colours. The array is number x height x width x channels."""
        if not self._colours:
            return images
        shifts = [self._random.integers(-most, most + 1, len(images)) for most in LARGEST_SHIFTS]
        return shifted(images, *shifts)

    def _transformed(self, image: Image.Image) -> Image.Image:
        """Turned, sheared and stretched around its middle, its size unchanged."""
        angle = math.radians(self._random.uniform(-LARGEST_ANGLE, LARGEST_ANGLE))
        shear = self._random.uniform(-LARGEST_SHEAR, LARGEST_SHEAR)
        stretch = math.sqrt(1 + self._random.uniform(-LARGEST_ASPECT, LARGEST_ASPECT))
        a, b = math.cos(angle) * stretch, (math.sin(angle) + shear * math.cos(angle)) * stretch
        c, d = -math.sin(angle) / stretch, (math.cos(angle) - shear * math.sin(angle)) / stretch
        x, y = (image.width - 1) / 2, (image.height - 1) / 2
        moved = (a, b, x - a * x - b * y, c, d, y - c * x - d * y)
        fill = (FILL,) * self._shape.channels if self._shape.channels > 1 else FILL
        return image.transform(image.size, Image.Transform.AFFINE, moved, Image.Resampling.BILINEAR, fillcolor=fill)
