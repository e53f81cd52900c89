"""The `.lst` files that name a split's pictures and labels as SageMaker's image-classification reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from processing.exit_message import ProcessingFailure


class MalformedImageList(ProcessingFailure):
    """A .lst file is missing or holds a line that is not index, label and file name."""


@dataclass(frozen=True)
class ListedImage:
    """A picture's file name and its label, the class's position from 0."""

    file_name: str
    label: int


def write_image_list(file: Path, images: Sequence[ListedImage]) -> None:
    """One line a picture: `index<TAB>label<TAB>file name`, indices from 0."""
    lines = (f"{index}\t{image.label}\t{image.file_name}\n" for index, image in enumerate(images))
    file.write_text("".join(lines), encoding="utf-8")


def read_image_list(file: Path) -> list[ListedImage]:
    """The pictures a .lst file names, each once, in its order. Raises MalformedImageList."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedImageList(f"{file} cannot be read ({error}); give what ExtractCifar wrote") from error
    images = [_parse(line, f"{file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not images:
        raise MalformedImageList(f"{file} names no image; give what ExtractCifar wrote")
    if len({image.file_name for image in images}) != len(images):
        raise MalformedImageList(f"{file} names a file twice; give what ExtractCifar wrote")
    return images


def _parse(line: str, where: str) -> ListedImage:
    fields = line.split("\t")
    if len(fields) != 3 or not fields[1].isdecimal() or "/" in fields[2] or not fields[2]:
        raise MalformedImageList(
            f"{where}: {line[:80]!r} is not index, label and file name; give what ExtractCifar wrote"
        )
    return ListedImage(fields[2], int(fields[1]))
