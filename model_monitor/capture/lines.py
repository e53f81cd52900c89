"""Files to records, a block at a time, and the account of what was found and what was damaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from model_monitor.capture.files import CaptureFile, Window
from model_monitor.capture.records import CaptureRecord, LineDamaged, parse_line

# An endpoint takes and answers 6 MB at most (real-time inference): 8 MB each as base64, and the rest of the record.
MAX_LINE_BYTES = 24 * 1024 * 1024
SHOWN = 10


@dataclass(frozen=True)
class DamagedLine:
    """Where a line stands that could not be read (lines count from 1; 0 means the file itself), and why."""

    file: str
    line: int
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


@dataclass
class Found:
    """What a reading met; whole when the reading has come to its end.

    `records` are those of the window, `outside` those before or after it. `damaged` counts lines by kind:
    `empty`, `not text`, `not JSON`, `not a capture record`, `unfinished` (a last line without its end: being
    written, or truncated), `too long` and `file gone`. `first_damaged` are the first SHOWN of them.
    """

    files: int = 0
    records: int = 0
    outside: int = 0
    damaged: Counter[str] = field(default_factory=Counter)
    first_damaged: list[DamagedLine] = field(default_factory=list)

    def note_damage(self, damage: DamagedLine) -> None:
        self.damaged[damage.kind] += 1
        if len(self.first_damaged) < SHOWN:
            self.first_damaged.append(damage)


def read_file(file: CaptureFile, window: Window | None, found: Found) -> Iterator[CaptureRecord]:
    """The window's records of one file; all else is counted in `found`."""
    found.files += 1
    number = 0
    try:
        for number, (line, ended) in enumerate(split_lines(file.blocks()), start=1):
            try:
                record = _record(line, ended)
            except LineDamaged as error:
                found.note_damage(DamagedLine(file.name, number, error.kind, str(error)))
                continue
            if window is not None and not window.holds(record.event_metadata.inference_time):
                found.outside += 1
                continue
            found.records += 1
            yield record
    except FileNotFoundError:
        found.note_damage(DamagedLine(file.name, number, "file gone", "removed after it was listed"))


def _record(line: bytes | None, ended: bool) -> CaptureRecord:
    if line is None:
        raise LineDamaged("too long", f"more than {MAX_LINE_BYTES} bytes")
    try:
        return parse_line(line)
    except LineDamaged as error:
        if ended:
            raise
        raise LineDamaged("unfinished", f"the file ends within it; {error}") from None


def split_lines(blocks: Iterable[bytes]) -> Iterator[tuple[bytes | None, bool]]:
    """Each line without its end, and whether it had one; None for one over MAX_LINE_BYTES, which is not kept."""
    parts: list[bytes] = []
    length = 0
    for block in blocks:
        *ended, rest = block.split(b"\n")
        for piece in ended:
            too_long = length + len(piece) > MAX_LINE_BYTES
            yield (None if too_long else b"".join([*parts, piece])), True
            parts, length = [], 0
        length += len(rest)
        if length > MAX_LINE_BYTES:
            parts = []
        elif rest:
            parts.append(rest)
    if length:
        yield (None if length > MAX_LINE_BYTES else b"".join(parts)), False
