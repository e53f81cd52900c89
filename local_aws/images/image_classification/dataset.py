"""The images of a channel with their labels: listed in a .lst file, or packed in a RecordIO file."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy
import numpy.typing

from . import pixels
from .errors import CustomerError
from .hyperparameters import Hyperparameters
from .lst import Row
from .recordio import ImageRecord, RecordFileBroken, image_record, read_record, records

# number of images for one class each, number x classes of 0 and 1 for several
Labels = numpy.typing.NDArray[numpy.int64]


class Dataset(Protocol):
    """Encoded images, read when they are needed."""

    labels: Labels

    def read(self, number: int) -> bytes:
        """One image as it is encoded."""

    def where(self, number: int) -> str:
        """Where this image is told of, for people to read."""


class ListedImages:
    """Image files, as the rows of a .lst file name them."""

    def __init__(self, rows: list[Row], multi_label: bool) -> None:
        self._rows = rows
        labels = [row.labels if multi_label else row.labels[0] for row in rows]
        self.labels: Labels = numpy.array(labels, dtype=numpy.int64)

    def read(self, number: int) -> bytes:
        return self._rows[number].path.read_bytes()

    def where(self, number: int) -> str:
        return self._rows[number].where


class PackedImages:
    """The records of a RecordIO file. Raises CustomerError for a broken file and for labels out of range."""

    def __init__(self, path: Path, channel: str, classes: int, multi_label: bool) -> None:
        self._path = path
        self._channel = channel
        self._file = open(path, "rb")  # noqa: SIM115 - read until the job ends
        self._offsets: list[int] = []
        labels = []
        try:
            for offset, content in records(self._file, path.stat().st_size):
                labels.append(self._labels(image_record(content), classes, multi_label))
                self._offsets.append(offset)
        except RecordFileBroken as error:
            raise self._invalid(f"{self.where(len(labels))}: {error}") from error
        self.labels: Labels = numpy.array(labels, dtype=numpy.int64)

    def read(self, number: int) -> bytes:
        self._file.seek(self._offsets[number])
        return image_record(read_record(self._file)).image

    def where(self, number: int) -> str:
        return f"record {number + 1} of {self._path.name}"

    def _labels(self, record: ImageRecord, classes: int, multi_label: bool) -> int | list[int]:
        count, most = (classes, 1) if multi_label else (1, classes - 1)
        known = [int(label) for label in record.labels if 0 <= label <= most and label == int(label)]
        if len(known) != len(record.labels) or len(known) != count:
            said = " ".join(f"{label:g}" for label in record.labels[: classes + 1])
            where = self.where(len(self._offsets))
            raise self._invalid(f"{where}: the label {said!r} is not {count} in [0, {most}]")
        return known if multi_label else known[0]

    def _invalid(self, detail: str) -> CustomerError:
        return CustomerError(f"Invalid RecordIO file in the {self._channel} channel. {detail}")


def check_images(dataset: Dataset, channel: str, hyperparameters: Hyperparameters) -> None:
    """Decode every image once. Raises CustomerError for one that is unreadable, or smaller than image_shape."""
    shape = hyperparameters.image_shape
    for number in range(len(dataset.labels)):
        where = f"the {channel} channel, {dataset.where(number)}"
        try:
            image = pixels.decode(dataset.read(number), shape.channels)
        except pixels.ImageUnreadable as error:
            raise CustomerError(f"An image cannot be decoded in {where}: {error}") from error
        if not pixels.fits(pixels.shortest_side(image, hyperparameters.resize), shape):
            raise CustomerError(
                f"An image is smaller than image_shape {shape} in {where}: it has {image.width}x{image.height} "
                "pixels. Set resize, or a smaller image_shape"
            )
