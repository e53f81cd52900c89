"""Reads the channel `pretrain`: pictures of other classes, as ExtractCifar leaves them for pretraining."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from failure import TrainingRefused
from image_list import ChannelMissing, LabelledImages
from numpy.typing import NDArray

IMAGES_FILE, LABELS_FILE, CLASSES_FILE = "images.npy", "labels.npy", "classes.json"
REMEDY = "write the channel anew with ExtractCifar --pretrain"


class PretrainingImagesInvalid(TrainingRefused):
    """A file of the channel is missing, damaged, or not what ExtractCifar writes."""


@dataclass(frozen=True)
class PretrainingImages:
    """Pictures of classes that are not the project's; a label is a position in `classes`."""

    labelled: LabelledImages
    classes: tuple[str, ...]


def read_pretraining_images(folder: Path, size: int) -> PretrainingImages:
    """Load images.npy (uint8, N x size x size x 3), labels.npy (N integers) and classes.json (two names or more).

    Nothing is unpickled. Raises ChannelMissing, PretrainingImagesInvalid.
    """
    if not folder.is_dir():
        raise ChannelMissing(
            f"--pretrain reads the channel pretrain, and its folder {folder} is missing; name the channel in "
            "InputDataConfig, or leave --pretrain out"
        )
    classes = _read_classes(folder / CLASSES_FILE)
    images, labels = _read_array(folder / IMAGES_FILE), _read_array(folder / LABELS_FILE)
    _require(
        images.dtype == np.uint8 and images.ndim == 4 and images.shape[1:] == (size, size, 3) and len(images) > 0,
        f"{folder / IMAGES_FILE} holds {images.dtype} {images.shape}, not uint8 (N, {size}, {size}, 3)",
    )
    _require(
        np.issubdtype(labels.dtype, np.integer) and labels.shape == (len(images),),
        f"{folder / LABELS_FILE} holds {labels.dtype} {labels.shape}, not {len(images)} integers, one an image",
    )
    _require(
        bool(((labels >= 0) & (labels < len(classes))).all()),
        f"{folder / LABELS_FILE} holds labels outside 0..{len(classes) - 1}, the places in {CLASSES_FILE}",
    )
    pixels = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    return PretrainingImages(LabelledImages(pixels, torch.from_numpy(labels.astype(np.int64))), classes)


def _read_array(file: Path) -> NDArray[Any]:
    try:
        loaded = np.load(file, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:  # ValueError: not of the format, cut short, or pickled
        raise PretrainingImagesInvalid(f"{file} cannot be read: {error}; {REMEDY}") from error
    if not isinstance(loaded, np.ndarray):
        raise PretrainingImagesInvalid(f"{file} holds several arrays, not one; {REMEDY}")
    return loaded


def _read_classes(file: Path) -> tuple[str, ...]:
    try:
        names = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PretrainingImagesInvalid(f"{file} cannot be read: {error}; {REMEDY}") from error
    named = isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    _require(named and len(set(names)) == len(names) >= 2, f"{file} does not name two different classes or more")
    return tuple(names)


def _require(sound: bool, fault: str) -> None:
    if not sound:
        raise PretrainingImagesInvalid(f"{fault}; {REMEDY}")
