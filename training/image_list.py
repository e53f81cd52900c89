"""Reads images and labels as the built-in image-classification algorithm does: .lst files, PNG folders."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from failure import TrainingRefused
from image_decoding import ImageUnreadable, decode_image
from numpy.typing import NDArray
from torch import Tensor


class ChannelMissing(TrainingRefused):
    """An input channel's folder is not there."""


class ImageListInvalid(TrainingRefused):
    """A .lst file is missing, empty, ambiguous, or has a row that is not index TAB label TAB path."""


class LabelOutOfRange(TrainingRefused):
    """A row's label is not the position of a class."""


class ImageMissing(TrainingRefused):
    """A row names a file that the image channel does not hold."""


class ImageDamaged(TrainingRefused):
    """A listed file is not a readable image."""


@dataclass(frozen=True)
class LabelledImages:
    """`pixels`: uint8, N x 3 x size x size, RGB; `labels`: int64, N, positions in the class list."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Row:
    label: int
    path: str
    where: str


def read_labelled_images(list_dir: Path, image_dir: Path, class_count: int, size: int) -> LabelledImages:
    """Load every image that the one .lst file in `list_dir` names, in its order.

    Raises ChannelMissing, ImageListInvalid, LabelOutOfRange, ImageMissing or ImageDamaged at the first fault.
    """
    for folder in (list_dir, image_dir):
        if not folder.is_dir():
            raise ChannelMissing(f"channel folder {folder} is missing; name the channel in InputDataConfig")
    rows = read_rows(find_list(list_dir), class_count)
    pixels = np.stack([_read_pixels(image_dir, row, size) for row in rows])
    return LabelledImages(
        pixels=torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(),
        labels=torch.tensor([row.label for row in rows]),
    )


def check_every_class(images: LabelledImages, classes: tuple[str, ...], list_dir: Path) -> None:
    """Raises ImageListInvalid if a class has no image: the net could never answer it."""
    counts = torch.bincount(images.labels, minlength=len(classes)).tolist()
    for label, (name, count) in enumerate(zip(classes, counts, strict=True)):
        if count == 0:
            raise ImageListInvalid(f"{list_dir} has no image of {name} (label {label}); check --classes")


def find_list(list_dir: Path) -> Path:
    """The one .lst file of a list channel."""
    found = sorted(list_dir.glob("*.lst"))
    if len(found) != 1:
        raise ImageListInvalid(f"{list_dir} must hold exactly one .lst file, it holds {len(found)}")
    return found[0]


def read_rows(list_file: Path, class_count: int) -> list[Row]:
    """The rows of a .lst file: index TAB label TAB path within the image channel; blank lines are skipped."""
    try:
        lines = list_file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ImageListInvalid(f"{list_file} is not UTF-8 text; write it anew with ExtractCifar") from None
    rows = [
        _read_row(line, f"{list_file}:{number}", class_count)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not rows:
        raise ImageListInvalid(f"{list_file} names no images; there is nothing to train on")
    return rows


def _read_row(line: str, where: str, class_count: int) -> Row:
    fields = line.split("\t")
    if len(fields) != 3:
        raise ImageListInvalid(f"{where}: expected index TAB label TAB path, found {line[:80]!r}")
    _, label_text, path = fields
    try:
        label = int(float(label_text))  # im2rec writes 0.000000
    except (ValueError, OverflowError):
        raise ImageListInvalid(f"{where}: the label {label_text!r} is not a number") from None
    if float(label_text) != label or not 0 <= label < class_count:
        raise LabelOutOfRange(f"{where}: label {label_text} is outside 0..{class_count - 1}; check --classes")
    return Row(label, path, where)


def _read_pixels(image_dir: Path, row: Row, size: int) -> NDArray[np.uint8]:
    image_file = image_dir / row.path
    if Path(row.path).is_absolute() or ".." in Path(row.path).parts:
        raise ImageListInvalid(f"{row.where}: {row.path} leads out of {image_dir}")
    if not image_file.is_file():
        raise ImageMissing(f"{row.where}: {image_file} is missing; the list and the images differ")
    try:
        return decode_image(image_file.read_bytes(), size)
    except ImageUnreadable as error:
        raise ImageDamaged(f"{image_file} (named by {row.where}) cannot be used: {error}") from error
