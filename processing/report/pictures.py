"""Test images on the page: each a PNG inside the page itself, with what it is and what was said of it."""

import base64
import io
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processing.judged_images import JudgedImages
from processing.report.markup import Markup, join, tag
from processing.report.words import whole_percent


def picture(image: NDArray[np.uint8], alt: str) -> Markup:
    """An (H, W, 3) uint8 picture as an img element."""
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "PNG", optimize=True)
    data = base64.b64encode(encoded.getvalue()).decode("ascii")
    height, width = image.shape[:2]
    return tag("img", src=f"data:image/png;base64,{data}", alt=alt, width=width, height=height)


def gallery(items: Iterable[Markup]) -> Markup:
    return tag("ul", *(tag("li", item) for item in items), class_="pictures")


def judged_picture(judged: JudgedImages, row: int, told: Iterable[object]) -> Markup:
    """A test image with lines of text below it and its file name."""
    truth = judged.classes[judged.labels[row]]
    return tag(
        "figure",
        picture(judged.images[row], f"Test image of a {truth}"),
        tag("figcaption", *(join(line, tag("br")) for line in told), file_name(judged.file_names[row])),
    )


def file_name(name: str) -> Markup:
    return tag("span", name, class_="file")


def answer(judged: JudgedImages, probabilities: NDArray[np.float64]) -> str:
    """An answer in words: `motorcycle 97 %`."""
    best = int(probabilities.argmax())
    return f"{judged.classes[best]} {whole_percent(float(probabilities[best]))}"
