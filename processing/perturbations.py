"""Small changes to a picture after which a bicycle is still a bicycle: what the behaviour tests ask about.

Invariance tests in the sense of M. T. Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with
CheckList", 2020: the answer should not change, whether it is right or not.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

# Of a large test set so many images are perturbed: enough to see that one answer in twenty changes.
SAMPLE_IMAGES = 100
BRIGHTNESS_STEP = 0.2
# ITU-R BT.601, as Pillow's convert("L") has it.
_LUMA = np.array([0.299, 0.587, 0.114])


def mirrored(picture: Picture) -> Picture:
    return picture[:, ::-1]


def shifted(picture: Picture, down: int, right: int) -> Picture:
    """Moved by a pixel or so; the border that comes free repeats the edge."""
    rows = np.clip(np.arange(picture.shape[0]) - down, 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(picture.shape[1]) - right, 0, picture.shape[1] - 1)
    return picture[rows][:, columns]


def brightened(picture: Picture, factor: float) -> Picture:
    return np.clip(picture.astype(np.float64) * factor, 0, 255).round().astype(np.uint8)


def greyscale(picture: Picture) -> Picture:
    luma = (picture @ _LUMA).round().astype(np.uint8)
    return np.repeat(luma[:, :, None], 3, axis=2)


# Name -> what it does to an (H, W, 3) uint8 RGB picture. The name is part of the perturbed picture's file name.
PERTURBATIONS: Mapping[str, Callable[[Picture], Picture]] = {
    "mirrored": mirrored,
    "shifted_left": lambda picture: shifted(picture, 0, -1),
    "shifted_right": lambda picture: shifted(picture, 0, 1),
    "shifted_up": lambda picture: shifted(picture, -1, 0),
    "shifted_down": lambda picture: shifted(picture, 1, 0),
    "brighter": lambda picture: brightened(picture, 1 + BRIGHTNESS_STEP),
    "darker": lambda picture: brightened(picture, 1 - BRIGHTNESS_STEP),
    "greyscale": greyscale,
}


def perturbed_name(file_name: str, perturbation: str) -> str:
    """`test_00001_x.png` mirrored is `test_00001_x.mirrored.png`.

    In one folder with the others, as batch transform promises for an answer's place no more than its name.
    """
    stem, dot, suffix = file_name.rpartition(".")
    return f"{stem}.{perturbation}.{suffix}" if dot else f"{file_name}.{perturbation}"


def sampled_rows(image_sha256: Sequence[str]) -> list[int]:
    """The rows of the images that are perturbed, in order: those of the smallest digests, all of a small test set.

    By content, so that whoever perturbs and whoever judges choose the same without a word.
    """
    by_digest = sorted(range(len(image_sha256)), key=lambda row: (image_sha256[row], row))
    return sorted(by_digest[:SAMPLE_IMAGES])
