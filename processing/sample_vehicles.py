"""Drawings of bicycles and motorcycles, each different. Lengths are in wheelbases; the ground is y = 0."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from processing.sample_canvas import (
    CANVAS_SIDE,
    Pen,
    Point,
    Pose,
    backdrop,
    photographed,
    random_colour,
    shaded,
)

BLACK = (22, 22, 24)


def draw_bicycle(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A (32, 32, 3) uint8 picture of a bicycle: large thin wheels, a frame of thin tubes."""
    return _draw_vehicle(rng, _bicycle)


def draw_motorcycle(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A (32, 32, 3) uint8 picture of a motorcycle: small thick wheels, engine, tank, exhaust."""
    return _draw_vehicle(rng, _motorcycle)


def _draw_vehicle(rng: np.random.Generator, body: Callable[[Pen, np.random.Generator], None]) -> NDArray[np.uint8]:
    pose = Pose(
        x=float(rng.uniform(0.38, 0.62)),
        y=float(rng.uniform(0.72, 0.92)),
        scale=float(rng.uniform(0.42, 0.7)),
        tilt=float(rng.normal(0, 0.12)),
        squeeze=float(rng.uniform(0.45, 1.0) * rng.choice([-1, 1])),
    )
    image = backdrop(rng, horizon=pose.y - float(rng.uniform(0.02, 0.3)))
    pen = Pen(image, pose)
    if rng.random() < 0.6:
        shadow = [(-0.85, 0.02), (0.85, 0.02), (0.75, -0.06), (-0.75, -0.06)]
        pen.polygon(shadow, (70, 70, 72))
    body(pen, rng)
    if rng.random() < 0.3:
        _rider(pen, rng)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.6, 0.28, 0.12]))):
        _occluder(image, rng)
    return photographed(image, rng)


def _bicycle(pen: Pen, rng: np.random.Generator) -> None:
    radius = float(rng.uniform(0.29, 0.37))
    colour = random_colour(rng, 0, 230)
    tube = float(rng.uniform(0.028, 0.055))
    rear, front = (-0.5, radius), (0.5, radius)
    pedals, saddle = (-0.08, radius - 0.04), (-0.2 - float(rng.uniform(0, 0.06)), radius + 0.4)
    head = (0.36, radius + 0.42)
    steered = float(rng.uniform(0.45, 1.0))
    for centre, narrow in ((rear, 1.0), (front, steered)):
        _spoked_wheel(pen, rng, centre, radius, narrow)
    step_through = rng.random() < 0.3
    tubes: list[list[Point]] = [[rear, pedals, saddle, rear], [head, front], [pedals, head]]
    tubes.append([(-0.14, radius + 0.16), head] if step_through else [saddle, head])
    for points in tubes:
        pen.line(points, tube, colour)
    pen.ring(pedals, 0.07, 0.03, (90, 90, 90))
    pen.line([saddle, (saddle[0] - 0.02, saddle[1] + 0.08)], tube, (120, 120, 120))
    pen.line([(saddle[0] - 0.12, saddle[1] + 0.09), (saddle[0] + 0.1, saddle[1] + 0.08)], 0.06, BLACK)
    bar = (head[0] - 0.03, head[1] + float(rng.uniform(0.1, 0.2)))
    pen.line([head, bar], tube, (110, 110, 110))
    grip = rng.choice([-0.16, 0.14])
    pen.line([bar, (bar[0] + grip, bar[1] + float(rng.uniform(-0.1, 0.06)))], 0.05, BLACK)
    if rng.random() < 0.35:
        _luggage(pen, rng, radius)


def _spoked_wheel(pen: Pen, rng: np.random.Generator, centre: Point, radius: float, narrow: float) -> None:
    tyre = float(rng.choice([0.035, 0.05, 0.075]))
    for angle in np.linspace(0, np.pi, 7)[:-1] + rng.uniform(0, 0.5):
        dx, dy = radius * narrow * float(np.cos(angle)), radius * float(np.sin(angle))
        pen.line([(centre[0] - dx, centre[1] - dy), (centre[0] + dx, centre[1] + dy)], 0.008, (150, 150, 150))
    pen.ring(centre, radius - tyre / 2, tyre, BLACK, narrow)
    pen.disc(centre, 0.035, (100, 100, 100), narrow)


def _luggage(pen: Pen, rng: np.random.Generator, radius: float) -> None:
    colour = random_colour(rng, 30, 200)
    if rng.random() < 0.5:
        x, y = 0.42, radius + 0.38
        pen.polygon([(x, y), (x + 0.24, y), (x + 0.27, y + 0.2), (x, y + 0.2)], colour)
    else:
        x, y = -0.72, radius + 0.05
        pen.polygon([(x, y), (x + 0.3, y), (x + 0.3, y + 0.28), (x, y + 0.28)], colour)


def _motorcycle(pen: Pen, rng: np.random.Generator) -> None:
    style = rng.choice(["cruiser", "sport", "scooter", "dirt"], p=[0.35, 0.25, 0.2, 0.2])
    radius = float(rng.uniform(0.2, 0.25) if style == "scooter" else rng.uniform(0.25, 0.31))
    tyre = 0.07 if style == "dirt" else float(rng.uniform(0.08, 0.13))
    colour = random_colour(rng, 0, 230)
    rear, front, head = (-0.5, radius), (0.5, radius), (0.32, radius + 0.42)
    narrow = float(rng.uniform(0.5, 1.0))
    for centre, width in ((rear, 1.0), (front, narrow)):
        pen.ring(centre, radius - tyre / 2, tyre, BLACK, width)
        if style != "dirt":
            pen.disc(centre, radius * 0.45, (150, 150, 150), width)
    pen.line([head, front], 0.06, (130, 130, 130))
    {"cruiser": _cruiser_body, "sport": _sport_body, "scooter": _scooter_body, "dirt": _dirt_body}[str(style)](
        pen, radius, colour
    )
    pen.line([head, (0.22, radius + 0.56), (0.12, radius + 0.55)], 0.05, BLACK)
    pen.disc((0.4, radius + 0.42), 0.07, (235, 232, 205))
    if rng.random() < 0.25:
        pen.polygon(
            [(-0.75, radius + 0.3), (-0.45, radius + 0.3), (-0.45, radius + 0.55), (-0.75, radius + 0.55)],
            BLACK,
        )


def _engine(pen: Pen, radius: float, low: float) -> None:
    pen.polygon([(-0.22, low), (0.2, low), (0.24, radius + 0.2), (-0.18, radius + 0.22)], (95, 95, 98))
    for up in (0.04, 0.1, 0.16):
        pen.line([(-0.14, radius + up), (0.16, radius + up)], 0.02, (170, 170, 172))


def _exhaust(pen: Pen, up: float, rise: float) -> None:
    pen.line([(0.15, up), (-0.1, up - 0.02), (-0.75, up + rise)], 0.075, (190, 190, 192))


def _cruiser_body(pen: Pen, radius: float, colour: tuple[int, int, int]) -> None:
    _engine(pen, radius, 0.1)
    _exhaust(pen, 0.14, 0.03)
    pen.polygon([(0.3, radius + 0.4), (0.0, radius + 0.38), (-0.12, radius + 0.2), (0.26, radius + 0.2)], colour)
    pen.polygon([(-0.02, radius + 0.3), (-0.5, radius + 0.36), (-0.5, radius + 0.24), (-0.08, radius + 0.18)], BLACK)
    pen.line([(-0.75, radius + 0.1), (-0.62, radius + 0.3), (-0.4, radius + 0.3)], 0.08, colour)
    pen.line([(0.32, radius + 0.24), (0.5, radius + 0.32), (0.7, radius + 0.2)], 0.07, colour)


def _sport_body(pen: Pen, radius: float, colour: tuple[int, int, int]) -> None:
    _engine(pen, radius, 0.12)
    pen.polygon(
        [
            (0.46, radius + 0.5),
            (0.5, radius + 0.28),
            (0.2, 0.14),
            (-0.2, 0.16),
            (-0.12, radius + 0.2),
            (0.2, radius + 0.46),
        ],
        colour,
    )
    pen.polygon(
        [(0.28, radius + 0.44), (-0.06, radius + 0.42), (-0.12, radius + 0.24), (0.2, radius + 0.2)],
        shaded(colour, 0.7),
    )
    pen.polygon([(-0.08, radius + 0.34), (-0.72, radius + 0.52), (-0.66, radius + 0.4), (-0.1, radius + 0.2)], colour)
    pen.polygon([(0.44, radius + 0.5), (0.3, radius + 0.64), (0.26, radius + 0.48)], (70, 80, 95))
    _exhaust(pen, 0.18, 0.22)


def _scooter_body(pen: Pen, radius: float, colour: tuple[int, int, int]) -> None:
    pen.polygon(
        [(-0.74, radius + 0.12), (-0.66, radius + 0.36), (-0.1, radius + 0.34), (-0.08, 0.14), (-0.5, 0.2)],
        colour,
    )
    pen.polygon([(-0.1, 0.12), (0.3, 0.12), (0.3, 0.2), (-0.1, 0.22)], shaded(colour, 0.6))
    pen.polygon([(0.24, 0.12), (0.36, 0.16), (0.42, radius + 0.44), (0.28, radius + 0.46)], colour)
    pen.polygon([(-0.64, radius + 0.34), (-0.08, radius + 0.32), (-0.1, radius + 0.44), (-0.58, radius + 0.44)], BLACK)
    pen.line([(0.34, radius + 0.2), (0.52, radius + 0.28), (0.68, radius + 0.16)], 0.08, colour)


def _dirt_body(pen: Pen, radius: float, colour: tuple[int, int, int]) -> None:
    _engine(pen, radius, 0.18)
    pen.line([(-0.5, radius), (-0.1, radius + 0.06)], 0.06, (110, 110, 110))
    pen.polygon([(0.3, radius + 0.4), (0.0, radius + 0.4), (-0.06, radius + 0.22), (0.24, radius + 0.16)], colour)
    pen.polygon(
        [(0.08, radius + 0.42), (-0.7, radius + 0.5), (-0.62, radius + 0.4), (0.0, radius + 0.32)],
        shaded(colour, 0.8),
    )
    pen.line([(0.3, radius + 0.34), (0.74, radius + 0.38)], 0.06, colour)
    _exhaust(pen, 0.3, 0.26)


def _rider(pen: Pen, rng: np.random.Generator) -> None:
    clothes, trousers = random_colour(rng, 20, 220), random_colour(rng, 20, 120)
    hip, shoulder = (-0.22, 0.8), (-0.02, 1.14)
    pen.line([hip, (0.06, 0.56), (-0.04, 0.26)], 0.12, trousers)
    pen.line([hip, shoulder], 0.19, clothes)
    pen.line([shoulder, (0.14, 0.92), (0.3, 0.88)], 0.08, clothes)
    pen.disc((0.05, 1.27), 0.1, random_colour(rng, 60, 240))


def _occluder(image: Image.Image, rng: np.random.Generator) -> None:
    draw = ImageDraw.Draw(image)
    x, width, top = (int(rng.integers(*bounds)) for bounds in ((0, CANVAS_SIDE), (8, 44), (0, CANVAS_SIDE * 3 // 4)))
    draw.rectangle((x, top, x + width, CANVAS_SIDE), fill=random_colour(rng, 20, 200))
