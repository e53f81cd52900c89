"""Two folders of pictures as an archive in CIFAR-100's own format, so that the pipeline need not know the difference.

Pictures are PNG or JPEG of any size, brought to 32 x 32 as the served model brings them. Identical pictures are taken
once. A fifth of each class is for the test, chosen by the pictures' content: the same folders give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processing.cifar_archive import META, TEST, TRAIN
from processing.cifar_batch import IMAGE_SHAPE
from processing.cifar_classes import COARSE_NAMES, COARSE_OF_FINE, FINE_NAMES
from processing.image_decoding import ImageUnreadable, decode_image
from processing.image_digest import pixel_sha256
from processing.python2_pickle import dump_python2
from processing.sample_archive import write_archive
from seed_code.stamp_identity import StampRefused

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
# A fifth of them is what the model is judged by: with fewer than twenty the bar means nothing.
LEAST = 100
TEST_SHARE = 0.2
# 3 KB each in memory, and a pipeline for small pictures
MOST = 50_000


@dataclass(frozen=True)
class Counts:
    """Different pictures of a class for training, validation included, and for the test."""

    train: int
    test: int


@dataclass(frozen=True)
class _Picture:
    digest: str
    pixels: NDArray[np.uint8]
    label: int
    name: str


def subfolders(folder: Path) -> list[str]:
    """The names of a folder's subfolders, without hidden ones. Raises StampRefused when it is no folder."""
    if not folder.is_dir():
        raise StampRefused(f"--pictures {folder} is no folder: give one with a subfolder of pictures for each class")
    return sorted(each.name for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def write_picture_archive(output: Path, folder: Path, classes: tuple[str, str]) -> dict[str, Counts]:
    """Write the archive of FOLDER/A and FOLDER/B, and count.

    A class that CIFAR-100 has keeps its label there, others come after its hundred. Raises StampRefused: fewer than 100
    different pictures of a class, a file that cannot be read, a picture that is of both classes.
    """
    own = tuple(name for name in classes if name not in FINE_NAMES)
    names = (*FINE_NAMES, *own)
    pictures = [_read(folder / name, names.index(name)) for name in classes]
    shared = {each.digest: each.name for each in pictures[0]}
    for each in pictures[1]:
        if each.digest in shared:
            raise StampRefused(
                f"{shared[each.digest]} and {each.name} are the same picture: it can be of one class only"
            )
    chosen = [_split(each) for each in pictures]
    members = {
        META: dump_python2(
            {
                b"fine_label_names": [name.encode() for name in names],
                b"coarse_label_names": [name.encode() for name in (*COARSE_NAMES, *(["pictures"] if own else []))],
            }
        ),
        TRAIN: _batch("train", [picture for train, _ in chosen for picture in train]),
        TEST: _batch("test", [picture for _, test in chosen for picture in test]),
    }
    write_archive(output, members)
    return {name: Counts(len(train), len(test)) for name, (train, test) in zip(classes, chosen, strict=True)}


def _read(folder: Path, label: int) -> list[_Picture]:
    """A class's different pictures, in the order of their content."""
    files = list(_files(folder))
    if len(files) > MOST:
        raise StampRefused(f"{folder} has {len(files)} pictures, at most {MOST} are taken")
    found: dict[str, _Picture] = {}
    for file in files:
        try:
            pixels = decode_image(file.read_bytes(), IMAGE_SHAPE[-1])
        except ImageUnreadable as error:
            raise StampRefused(f"{file} cannot be read: {error}; take it away or mend it") from error
        digest = pixel_sha256(pixels)
        found.setdefault(digest, _Picture(digest, pixels, label, f"{folder.name}/{file.name}"))
    if len(found) < LEAST:
        same = f", {len(files) - len(found)} of them twice" if len(found) < len(files) else ""
        raise StampRefused(
            f"{folder} has {len(files)} PNG or JPEG pictures{same}: at least {LEAST} different are needed"
        )
    return [found[digest] for digest in sorted(found)]


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            yield file


def _split(pictures: list[_Picture]) -> tuple[list[_Picture], list[_Picture]]:
    """For training and for the test. Digests are in no order that the pictures know of."""
    tested = round(len(pictures) * TEST_SHARE)
    return pictures[tested:], pictures[:tested]


def _batch(split: str, pictures: list[_Picture]) -> bytes:
    ordered = sorted(pictures, key=lambda each: each.digest)
    return dump_python2(
        {
            b"filenames": [Path(each.name).name.encode() for each in ordered],
            b"batch_label": f"pictures, {split}".encode(),
            b"fine_labels": [each.label for each in ordered],
            b"coarse_labels": [(*COARSE_OF_FINE, len(COARSE_NAMES), len(COARSE_NAMES))[each.label] for each in ordered],
            b"data": np.stack([each.pixels for each in ordered]).transpose(0, 3, 1, 2).reshape(len(ordered), -1),
        }
    )
