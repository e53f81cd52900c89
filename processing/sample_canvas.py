"""A canvas for drawn samples: a backdrop, a pen in an object's own coordinates, and a camera's faults."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]

SIDE = 32
# Drawn six times larger and reduced, so that thin lines become faint pixels as they do in a photograph.
OVERSAMPLING = 6
CANVAS_SIDE = SIDE * OVERSAMPLING
# Blurring happens at twice the final size: as good to the eye, and nine times cheaper.
_BLURRED_SIZE = 2
_UNIT_CIRCLE = [(math.cos(angle), math.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 25)[:-1]]


def random_colour(rng: np.random.Generator, low: int = 0, high: int = 255) -> Colour:
    red, green, blue = rng.integers(low, high + 1, 3).tolist()
    return red, green, blue


def shaded(colour: Colour, factor: float) -> Colour:
    """The colour made darker (factor < 1) or lighter (factor > 1)."""
    red, green, blue = (int(min(255, channel * factor)) for channel in colour)
    return red, green, blue


@dataclass(frozen=True)
class Pose:
    """Where an object stands on the canvas: in canvas sides and radians; y points up in the object."""

    x: float
    y: float
    scale: float
    tilt: float = 0.0
    squeeze: float = 1.0  # foreshortening along the object's length; negative mirrors it


class Pen:
    """Draws lines, polygons, discs and rings given in an object's coordinates, through the object's pose."""

    def __init__(self, image: Image.Image, pose: Pose) -> None:
        self._draw = ImageDraw.Draw(image)
        self._pose = pose

    def _place(self, points: Sequence[Point]) -> list[Point]:
        pose = self._pose
        cos, sin = math.cos(pose.tilt), math.sin(pose.tilt)
        placed = []
        for along, up in points:
            x, y = along * pose.squeeze * pose.scale, -up * pose.scale
            placed.append(((pose.x + x * cos - y * sin) * CANVAS_SIDE, (pose.y + x * sin + y * cos) * CANVAS_SIDE))
        return placed

    def _pixels(self, width: float) -> int:
        return max(1, round(width * self._pose.scale * CANVAS_SIDE))

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        joint = "curve" if len(points) < 10 else None  # a circle's corners are too flat to need joints
        self._draw.line(self._place(points), fill=colour, width=self._pixels(width), joint=joint)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        self._draw.polygon(self._place(points), fill=colour)

    def disc(self, centre: Point, radius: float, colour: Colour, narrow: float = 1.0) -> None:
        self.polygon(_circle(centre, radius, narrow), colour)

    def ring(self, centre: Point, radius: float, width: float, colour: Colour, narrow: float = 1.0) -> None:
        circle = _circle(centre, radius, narrow)
        self.line([*circle, circle[0], circle[1]], width, colour)


def _circle(centre: Point, radius: float, narrow: float) -> list[Point]:
    return [(centre[0] + radius * narrow * cos, centre[1] + radius * sin) for cos, sin in _UNIT_CIRCLE]


def backdrop(rng: np.random.Generator, horizon: float) -> Image.Image:
    """A canvas of white, a street, a lawn or a wall; the ground begins at `horizon` (0 top, 1 bottom)."""
    image = Image.new("RGB", (CANVAS_SIDE, CANVAS_SIDE), random_colour(rng, 225, 255))
    draw = ImageDraw.Draw(image)
    line = int(horizon * CANVAS_SIDE)
    kind = rng.choice(["plain", "street", "lawn", "wall"], p=[0.3, 0.25, 0.25, 0.2])
    if kind == "plain":
        return image
    if kind == "wall":
        _wall(draw, rng, line)
        ground = random_colour(rng, 90, 170)
    else:
        _gradient(image, random_colour(rng, 120, 200), random_colour(rng, 190, 250), line)
        colours = [random_colour(rng, 30, 190) for _ in range(5)]
        _clutter(draw, rng, line, colours)
        grey = _whole(rng, 70, 170)
        ground = (grey, grey, grey) if kind == "street" else (grey // 2, grey, grey // 3)
    draw.rectangle((0, line, CANVAS_SIDE, CANVAS_SIDE), fill=ground)
    _clumps(draw, rng, line, ground)
    return image


def photographed(image: Image.Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The canvas as a small photograph: (32, 32, 3) uint8, with blur, uneven light, a cast and noise."""
    image = image.reduce(OVERSAMPLING // _BLURRED_SIZE)
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.8))))
    small = np.asarray(image.reduce(_BLURRED_SIZE), dtype=np.float32)
    contrast, light = rng.uniform(0.35, 1.1), rng.uniform(-40, 30)
    cast = rng.normal(0, 8, 3)
    slope = np.linspace(-1, 1, SIDE)[None, :, None] * rng.normal(0, 12)
    noise = rng.normal(0, rng.uniform(2, 15), small.shape)
    return ((small - 128) * contrast + 128 + light + cast + slope + noise).clip(0, 255).astype(np.uint8)


def _whole(rng: np.random.Generator, low: int, high: int) -> int:
    return int(rng.integers(low, high))


def _gradient(image: Image.Image, top: Colour, bottom: Colour, line: int) -> None:
    share = np.linspace(0, 1, max(line, 1))[:, None, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    image.paste(Image.fromarray(np.broadcast_to(rows, (len(rows), CANVAS_SIDE, 3)).astype(np.uint8)))


def _wall(draw: ImageDraw.ImageDraw, rng: np.random.Generator, line: int) -> None:
    colour, course = random_colour(rng, 80, 210), _whole(rng, 10, 30)
    draw.rectangle((0, 0, CANVAS_SIDE, line), fill=colour)
    for row, y in enumerate(range(0, line, course)):
        draw.line((0, y, CANVAS_SIDE, y), fill=shaded(colour, 0.8), width=2)
        for x in range((row % 2) * course, CANVAS_SIDE, course * 2):
            draw.line((x, y, x, min(line, y + course)), fill=shaded(colour, 0.8), width=2)


def _clutter(draw: ImageDraw.ImageDraw, rng: np.random.Generator, line: int, colours: Sequence[Colour]) -> None:
    for colour in colours[: _whole(rng, 0, 6)]:
        x, width, height = _whole(rng, 0, CANVAS_SIDE), _whole(rng, 10, 70), _whole(rng, 15, 110)
        if rng.random() < 0.5:
            draw.rectangle((x, line - height, x + width, line), fill=colour)
        else:
            draw.ellipse((x, line - height, x + width, line + 10), fill=colour)


def _clumps(draw: ImageDraw.ImageDraw, rng: np.random.Generator, line: int, ground: Colour) -> None:
    for _ in range(_whole(rng, 0, 14)):
        x, y = _whole(rng, 0, CANVAS_SIDE), _whole(rng, min(line, CANVAS_SIDE - 2), CANVAS_SIDE)
        width, height = _whole(rng, 4, 40), _whole(rng, 2, 8)
        draw.ellipse((x, y, x + width, y + height), fill=shaded(ground, float(rng.uniform(0.7, 1.25))))
