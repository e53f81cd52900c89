"""The files of a capture or of ground truth, in folders by hour: …/yyyy/mm/dd/hh/*.jsonl."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

HOUR_FORMAT = "%Y/%m/%d/%H"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Window:
    """From `start` to before `end`, both UTC; None is no bound."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def of(cls, start: str | None, end: str | None) -> Window:
        """Of times like 2021-05-06T22:00:00Z. Raises ValueError."""
        return cls(*(_time(text) if text else None for text in (start, end)))

    def overlaps(self, hour: datetime | None) -> bool:
        """Whether some moment of the hour lies within; a file in no hour's folder is taken as it was given."""
        if hour is None:
            return True
        begun_before = self.end is None or hour < self.end
        return begun_before and (self.start is None or hour + timedelta(hours=1) > self.start)


@dataclass(frozen=True)
class Folder:
    """A folder with records: its path below the root, and its hour (UTC), None where the path names none."""

    relative: Path
    hour: datetime | None


def record_folders(root: Path) -> list[Folder]:
    """All folders below `root` that hold files, the earliest hour first, those without one before all."""
    found = []
    for path, folders, files in os.walk(root):
        folders.sort()
        if files:
            relative = Path(path).relative_to(root)
            found.append(Folder(relative, hour_of(relative)))
    earliest = datetime.min.replace(tzinfo=timezone.utc)
    return sorted(found, key=lambda folder: (folder.hour or earliest, folder.relative))


def record_files(folder: Path) -> list[Path]:
    """Its files by name, without those that begin with `_` or `.`, as Spark's readers have it."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] not in "._")


def hour_of(relative: Path) -> datetime | None:
    """The hour that a path like endpoint/variant/2021/05/06/22 names; None where it names none."""
    parts = relative.parts
    for end in range(len(parts), 3, -1):
        four = parts[end - 4 : end]
        if [len(part) for part in four] == [4, 2, 2, 2] and all(part.isdecimal() for part in four):
            try:
                return datetime.strptime("/".join(four), HOUR_FORMAT).replace(tzinfo=timezone.utc)
            except ValueError:
                continue
    return None


def _time(text: str) -> datetime:
    return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=timezone.utc)
