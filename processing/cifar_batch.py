"""One split of CIFAR-100 - the contents of `train` or `test` - checked before anybody uses it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.exit_message import ProcessingFailure

IMAGE_SHAPE = (3, 32, 32)
ROW_BYTES = 3 * 32 * 32


class MalformedBatch(ProcessingFailure):
    """A pickle in the archive is sound but does not hold what CIFAR-100's files hold."""


@dataclass(frozen=True)
class CifarBatch:
    """Rows of one split.

    pixels: (n, 3072) uint8, a row being 1,024 red, 1,024 green, 1,024 blue values, each row-major 32x32.
    fine_labels: (n,) int64, each an index into the archive's class names.
    file_names: n names, as the pictures were once collected.
    """

    pixels: NDArray[np.uint8]
    fine_labels: NDArray[np.int64]
    file_names: tuple[str, ...]

    def images(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """The chosen rows as (len(rows), 32, 32, 3) uint8 RGB pictures."""
        return np.ascontiguousarray(self.pixels[rows].reshape(-1, *IMAGE_SHAPE).transpose(0, 2, 3, 1))


def parse_class_names(loaded: Any, where: str) -> tuple[str, ...]:
    """The fine class names, in label order, of the unpickled `meta`. Raises MalformedBatch."""
    names = _texts(_entry(loaded, "fine_label_names", where), "fine_label_names", where)
    if len(names) < 2 or len(set(names)) != len(names) or not all(names):
        raise MalformedBatch(_fault(where, "fine_label_names does not name two or more classes, each once"))
    return names


def parse_batch(loaded: Any, class_count: int, where: str) -> CifarBatch:
    """The unpickled `train` or `test`, with fine labels in 0..class_count-1. Raises MalformedBatch."""
    pixels = _entry(loaded, "data", where)
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise MalformedBatch(_fault(where, "data is not a uint8 array"))
    if pixels.ndim != 2 or pixels.shape[1] != ROW_BYTES or not len(pixels):
        raise MalformedBatch(_fault(where, f"data has shape {pixels.shape}, not (n, {ROW_BYTES})"))
    labels = _labels(_entry(loaded, "fine_labels", where), class_count, where)
    file_names = _texts(_entry(loaded, "filenames", where), "filenames", where)
    if not len(pixels) == len(labels) == len(file_names):
        lengths = f"{len(pixels)} images, {len(labels)} fine labels and {len(file_names)} file names"
        raise MalformedBatch(_fault(where, f"holds {lengths}, which should be as many"))
    return CifarBatch(pixels, labels, file_names)


def _entry(loaded: Any, key: str, where: str) -> Any:
    if not isinstance(loaded, dict):
        raise MalformedBatch(_fault(where, f"holds a {type(loaded).__name__}, not a dict"))
    # Python 2 wrote the keys as byte strings; an archive written again by Python 3 may hold text.
    for form in (key.encode(), key):
        if form in loaded:
            return loaded[form]
    raise MalformedBatch(_fault(where, f"has no key {key!r}"))


def _labels(values: Any, class_count: int, where: str) -> NDArray[np.int64]:
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise MalformedBatch(_fault(where, "fine_labels is not a list of integers"))
    if not all(0 <= value < class_count for value in values):
        raise MalformedBatch(_fault(where, f"fine_labels holds labels outside 0..{class_count - 1}"))
    return np.array(values, dtype=np.int64)


def _texts(values: Any, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, bytes | str) for value in values):
        raise MalformedBatch(_fault(where, f"{key} is not a list of strings"))
    return tuple(value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values)


def _fault(where: str, fault: str) -> str:
    return f"{where}: {fault}; give an archive in the format of cifar-100-python.tar.gz"
