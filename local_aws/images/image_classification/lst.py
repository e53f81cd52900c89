"""`.lst` files: which image has which label.

A row is `index<TAB>label<TAB>relative/path`, or with `multi_label` an own 0 or 1 for each class between the two.
Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html, "Train with Image Format".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .errors import CustomerError

LONGEST_FILE = 256 << 20


@dataclass(frozen=True)
class Row:
    """One image: its labels are one class, or a 0 or 1 for each class; `where` is for people to read."""

    labels: tuple[int, ...]
    path: Path
    where: str


def find_lst(folder: Path, channel: str) -> Path:
    """The one .lst file of a channel. Raises CustomerError."""
    found = sorted(folder.rglob("*.lst")) if folder.is_dir() else []
    if len(found) != 1:
        has = "none" if not found else ", ".join(path.name for path in found)
        raise CustomerError(f"The {channel} channel has to have one .lst file; it has {has}")
    return found[0]


def read_lst(path: Path, images: Path, channel: str, classes: int, multi_label: bool = False) -> list[Row]:
    """The rows of a .lst file, in their order; `images` is the folder of the images' channel, `channel` the file's.

    Raises CustomerError for a row that is not of the form, an index that is there twice, a label out of range, and
    an image that is not there.
    """
    try:
        if path.stat().st_size > LONGEST_FILE:
            raise _invalid(channel, f"{path.name} is larger than {LONGEST_FILE >> 20} MB")
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise _invalid(channel, f"{path.name} is not UTF-8: {error}") from error
    rows, seen = [], set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"row {number} of {path.name}"
        index, row = _row(line, where, images, channel, classes, multi_label)
        if index in seen:
            raise _invalid(channel, f"{where}: the index {index} is there already")
        seen.add(index)
        rows.append(row)
    if not rows:
        raise _invalid(channel, f"{path.name} is empty")
    return rows


def _row(line: str, where: str, images: Path, channel: str, classes: int, multi_label: bool) -> tuple[int, Row]:
    columns = line.rstrip("\r\n").split("\t")
    expected = classes + 2 if multi_label else 3
    if len(columns) != expected:
        raise _invalid(channel, f"{where} has {len(columns)} columns separated by tabs, not {expected}: {line[:80]!r}")
    index = _whole(columns[0])
    if index is None or index < 0:
        raise _invalid(channel, f"{where}: the index {columns[0]!r} is no whole number")
    most = 1 if multi_label else classes - 1
    labels = [_whole(text) for text in columns[1:-1]]
    known = tuple(label for label in labels if label is not None and 0 <= label <= most)
    if len(known) != len(labels):
        raise _invalid(channel, f"{where}: the label {' '.join(columns[1:-1])!r} is not in [0, {most}]")
    return index, Row(known, _image(columns[-1], where, images, channel), where)


def _image(name: str, where: str, images: Path, channel: str) -> Path:
    relative = PurePosixPath(name)
    if not name or relative.is_absolute() or ".." in relative.parts:
        raise _invalid(channel, f"{where}: {name!r} is no path relative to the images' channel")
    path = images / relative
    if not path.is_file():
        raise _invalid(channel, f"{where}: there is no image {name} in the {images.name} channel")
    return path


def _whole(text: str) -> int | None:
    """A whole number, which im2rec writes as `1.000000`."""
    try:
        number = float(text)
        return int(number) if number == int(number) else None
    except (ValueError, OverflowError):
        return None


def _invalid(channel: str, detail: str) -> CustomerError:
    return CustomerError(f"Invalid lst file in the {channel} channel. {detail}")
