"""RecordIO files as MXNet's im2rec writes them: records of a label and an encoded image.

A record is a magic number, a word that says its length and which part of a whole it is, and its content filled up to
four bytes. Where the content has the magic number itself at such a place, the record is cut there, and the number left
out. An image's content begins with IRHeader: how many labels follow, the label where none does, and two numbers.
Sources of the format: dmlc-core `recordio.h`, MXNet `python/mxnet/recordio.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import CustomerError

MAGIC = 0xCED7230A
PART_HEADER = struct.Struct("<II")
IMAGE_HEADER = struct.Struct("<IfQQ")
WHOLE, BEGIN, MIDDLE, END = range(4)
LENGTH_BITS = 29
LARGEST_RECORD = 64 << 20


class RecordFileBroken(ValueError):
    """The bytes are not those of a RecordIO file of images."""


@dataclass(frozen=True)
class ImageRecord:
    """One record: its labels, and its image as it was encoded."""

    labels: tuple[float, ...]
    image: bytes


def find_rec(folder: Path, channel: str) -> Path:
    """The one .rec file of a channel, which is not empty. Raises CustomerError."""
    found = sorted(folder.rglob("*.rec")) if folder.is_dir() else []
    if len(found) != 1:
        has = "none" if not found else ", ".join(path.name for path in found)
        raise CustomerError(f"The {channel} channel has to have one .rec file; it has {has}")
    if not found[0].stat().st_size:
        raise CustomerError(f"Unable to start training. Empty .rec file in {channel} channel.")
    return found[0]


def records(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    """Where each record of a file of `size` bytes begins, and its content.

    Raises RecordFileBroken; a record larger than 64 MB is taken for broken.
    """
    offset = 0
    while offset < size:
        file.seek(offset)
        yield offset, read_record(file)
        offset = file.tell()


def read_record(file: BinaryIO) -> bytes:
    """The content of the record that begins here. Raises RecordFileBroken."""
    kind, content = _read_part(file)
    if kind == WHOLE:
        return content
    if kind != BEGIN:
        raise RecordFileBroken("a record begins in its middle")
    parts, size = [content], len(content)
    while kind != END:
        kind, content = _read_part(file)
        size += len(content)
        if kind not in (MIDDLE, END) or size > LARGEST_RECORD:
            raise RecordFileBroken("a record of several parts has no end")
        parts.append(content)
    return MAGIC.to_bytes(4, "little").join(parts)


def image_record(content: bytes) -> ImageRecord:
    """Label and image of a record. Raises RecordFileBroken."""
    if len(content) < IMAGE_HEADER.size:
        raise RecordFileBroken(f"a record of {len(content)} bytes has no image header")
    count, label, _, _ = IMAGE_HEADER.unpack_from(content)
    if count == 0:
        return ImageRecord((label,), content[IMAGE_HEADER.size :])
    end = IMAGE_HEADER.size + 4 * count
    if end > len(content):
        raise RecordFileBroken(f"a record of {len(content)} bytes cannot have {count} labels")
    return ImageRecord(struct.unpack_from(f"<{count}f", content, IMAGE_HEADER.size), content[end:])


def _read_part(file: BinaryIO) -> tuple[int, bytes]:
    header = file.read(PART_HEADER.size)
    if len(header) < PART_HEADER.size:
        raise RecordFileBroken("the file ends within a record")
    magic, word = PART_HEADER.unpack(header)
    if magic != MAGIC:
        raise RecordFileBroken("there is no record where one should begin")
    length = word & ((1 << LENGTH_BITS) - 1)
    if length > LARGEST_RECORD:
        raise RecordFileBroken(f"a record of {length} bytes is larger than {LARGEST_RECORD >> 20} MB")
    padded = length + -length % 4
    content = file.read(padded)
    if len(content) < padded:
        raise RecordFileBroken("the file ends within a record")
    return word >> LENGTH_BITS, content[:length]
