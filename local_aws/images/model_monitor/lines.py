"""The lines of a data set: every file of a folder tree, in order of names, a bounded piece at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 2 << 20
# Twice the 25 MB that an endpoint takes at most, as base64, with room for escapes.
LONGEST_LINE = 80 << 20
EXAMPLES = 10

EMPTY = "empty"
BINARY = "binary"
TRUNCATED = "truncated"
UNFINISHED = "unfinished"
NOT_A_RECORD = "not_a_record"
TOO_LONG = "too_long"


class Damage:
    """Lines that could not be read: how many of each kind, and where the first ones stand.

    Kinds: `empty`, `binary` (no UTF-8 text), `truncated` (no JSON), `unfinished` (so, at the end of a file without
    newline: it is being written), `not_a_record` (JSON or CSV of another form), `too_long`.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: list[str] = []

    def note(self, kind: str, where: str, why: str = "") -> None:
        """Count a line; the first ten are kept as examples, `why` says more than the kind does."""
        self.counts[kind] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{where}: {kind.replace('_', ' ')}{f' ({why[:200]})' if why else ''}")

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Line:
    """A line without its end. `finished` is whether it had one."""

    where: str
    content: bytes
    finished: bool = True


@dataclass(frozen=True)
class Block:
    """Whole lines of one file, each with its end, except perhaps the file's last one."""

    file: str
    first_line: int
    content: bytes

    def lines(self) -> Iterator[Line]:
        pieces = self.content.split(b"\n")
        last = pieces.pop()
        for number, piece in enumerate(pieces, self.first_line):
            yield Line(f"{self.file} line {number}", piece.removesuffix(b"\r"))
        if last:
            yield Line(f"{self.file} line {self.first_line + len(pieces)}", last, finished=False)


def files_of(source: Path) -> list[Path]:
    """All files below the folder (or the one file that it is), in order of their paths; none where it is missing.

    Hidden files are left out: nothing of S3's has such a name but tools' own.
    """
    if source.is_file():
        return [source]
    return sorted(
        path
        for path in source.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(source).parts)
    )


def blocks_of(source: Path, damage: Damage, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """The files' lines in blocks of about `block_bytes`; a line that is longer is a block of its own."""
    for path in files_of(source):
        name = path.name if path == source else str(path.relative_to(source))
        yield from _blocks_of_file(path, name, damage, block_bytes)


def _blocks_of_file(path: Path, name: str, damage: Damage, block_bytes: int) -> Iterator[Block]:
    line = 1
    with path.open("rb") as file:
        while content := file.read(block_bytes):
            overlong = False
            if not content.endswith(b"\n"):
                content += file.readline(LONGEST_LINE)
                overlong = len(content) > LONGEST_LINE and not content.endswith(b"\n")
            if overlong:
                _skip_rest_of_line(file)
                content = content[: content.rfind(b"\n") + 1]
            lines = content.count(b"\n")
            if content:
                yield Block(name, line, content)
            line += lines
            if overlong:
                damage.note(TOO_LONG, f"{name} line {line}", f"over {LONGEST_LINE} bytes")
                line += 1


def _skip_rest_of_line(file: BinaryIO) -> None:
    while (piece := file.readline(BLOCK_BYTES)) and not piece.endswith(b"\n"):
        continue
