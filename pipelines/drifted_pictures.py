"""Traffic that the model was not made for, to see its monitor notice: dark, blurred and foreign pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processing.perturbations import Picture

DARKNESS = 0.4
BLUR_RADIUS = 1.5
SEED = 1


def write_drifted_pictures(pictures: Sequence[Path], folder: Path) -> list[Path]:
    """Write, for every PNG given, a dark and a blurred copy and a drawing of something else; the files.

    `folder` gets the folders dark, blurred and foreign. The same pictures give the same files.
    """
    import numpy as np
    from PIL import Image, ImageFilter

    from processing.cifar_classes import FINE_NAMES
    from processing.perturbations import brightened
    from processing.sample_shapes import draw_shape

    rng = np.random.default_rng(SEED)
    files = []
    for file in pictures:
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        files += [
            _write(folder / "dark" / file.name, brightened(np.asarray(image), DARKNESS)),
            _write(folder / "blurred" / file.name, np.asarray(image.filter(ImageFilter.GaussianBlur(BLUR_RADIUS)))),
            _write(folder / "foreign" / file.name, draw_shape(int(rng.integers(len(FINE_NAMES))), rng)),
        ]
    return files


def _write(file: Path, picture: Picture) -> Path:
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(file, format="PNG")
    return file
