"""Stand-in drawings for the classes that nobody draws: a shape and a pattern that no other class combines."""

import numpy as np
from numpy.typing import NDArray

from processing.sample_canvas import SIDE, Pen, Point, Pose, backdrop, photographed, random_colour, shaded

_SHAPES = 10
_PATTERNS = 10


def draw_shape(fine_label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A (32, 32, 3) uint8 picture for a fine label from 0: shape by units digit, pattern by both digits' sum.

    Neighbours in the alphabet differ in both so, and no two of a hundred in neither.
    """
    image = backdrop(rng, horizon=float(rng.uniform(0.4, 0.8)))
    colour = random_colour(rng, 0, 200)
    outline = _outline(fine_label % _SHAPES)
    turn, size = float(rng.normal(0, 0.2)), float(rng.uniform(0.8, 1.15))
    x, y = float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.4, 0.6))
    for offset, scale in _PLACINGS[(fine_label // _SHAPES + fine_label) % _PATTERNS]:
        pen = Pen(image, Pose(x + offset[0] * size, y + offset[1] * size, scale * size, turn))
        pen.polygon([(px * 1.15, py * 1.15) for px, py in outline], shaded(colour, 0.4))
        pen.polygon(outline, colour)
    return photographed(image, rng)


def _outline(shape: int) -> list[Point]:
    if shape < 5:  # triangle, square, pentagon, hexagon, circle
        return _spikes(3 + shape if shape < 4 else 24, 1.0)
    if shape < 8:  # stars of three, five and eight points
        return _spikes((3, 5, 8)[shape - 5] * 2, 0.42)
    if shape == 8:  # a cross
        a, b = 0.33, 1.0
        return [
            (-a, b),
            (a, b),
            (a, a),
            (b, a),
            (b, -a),
            (a, -a),
            (a, -b),
            (-a, -b),
            (-a, -a),
            (-b, -a),
            (-b, a),
            (-a, a),
        ]
    return [(-1.0, 0.28), (1.0, 0.28), (1.0, -0.28), (-1.0, -0.28)]  # a bar


def _spikes(count: int, inner: float) -> list[Point]:
    angles = np.pi / 2 + np.arange(count) * 2 * np.pi / count
    radii = np.where(np.arange(count) % 2 == 0, 1.0, inner)
    return [(float(r * np.cos(a)), float(r * np.sin(a))) for r, a in zip(radii, angles, strict=True)]


# One placing a pattern: where its copies of the shape stand and how large they are, in canvas sides.
_PLACINGS: tuple[tuple[tuple[Point, float], ...], ...] = (
    (((0, 0), 0.34),),
    (((-0.22, 0), 0.17), ((0.22, 0), 0.17)),
    (((0, -0.22), 0.17), ((0, 0.22), 0.17)),
    (((-0.2, -0.2), 0.15), ((0.2, 0.2), 0.15)),
    (((-0.2, 0.18), 0.15), ((0.2, 0.18), 0.15), ((0, -0.18), 0.15)),
    (((-0.2, -0.2), 0.14), ((0.2, -0.2), 0.14), ((-0.2, 0.2), 0.14), ((0.2, 0.2), 0.14)),
    (((-0.28, 0), 0.11), ((0, 0), 0.11), ((0.28, 0), 0.11)),
    (((0, -0.28), 0.11), ((0, 0), 0.11), ((0, 0.28), 0.11)),
    (((-0.1, 0), 0.26), ((0.26, 0.2), 0.1)),
    (((0.2, -0.2), 0.15), ((-0.2, 0.2), 0.15), ((-0.2, -0.2), 0.08), ((0.2, 0.2), 0.08)),
)


def draw_noise(count: int, rng: np.random.Generator, blocky: bool = True) -> NDArray[np.uint8]:
    """(count, 32, 32, 3) uint8 pictures of nothing: 8x8 blocks, or pixels that compress as photographs do."""
    if not blocky:
        return rng.integers(0, 128, (count, SIDE, SIDE, 3), dtype=np.uint8) * 2
    blocks = rng.integers(0, 256, (count, SIDE // 4, SIDE // 4, 3), dtype=np.uint8)
    return blocks.repeat(4, axis=1).repeat(4, axis=2)
