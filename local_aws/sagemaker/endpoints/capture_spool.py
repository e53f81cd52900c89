"""The file in which captured records wait until they become an object in S3.

Its first line says where it goes, and that never changes: sending it twice overwrites the object with the same
content. Records are written straight to the operating system, so they survive a killed server.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from local_aws.objects import S3Uri

LOGGER = logging.getLogger(__name__)

SUFFIX = ".spool"


class SpoolUnreadable(Exception):
    """A file that is no spool, or whose first line is damaged."""


@dataclass(frozen=True)
class SpoolAddress:
    """The endpoint whose records a spool holds, and the object they become."""

    endpoint_name: str
    bucket: str
    key: str

    @classmethod
    def new(cls, destination: S3Uri, endpoint_name: str, variant_name: str, moment: datetime) -> SpoolAddress:
        """The service's layout, `{prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/MM-SS-mmm-{uuid}.jsonl`, in UTC."""
        prefix = f"{destination.key.rstrip('/')}/" if destination.key.strip("/") else ""
        name = f"{moment:%M-%S}-{moment.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
        key = f"{prefix}{endpoint_name}/{variant_name}/{moment:%Y/%m/%d/%H}/{name}"
        return cls(endpoint_name, destination.bucket, key)


class Spool:
    """One open file. Not safe for threads: who appends holds a lock."""

    def __init__(self, folder: Path, address: SpoolAddress, opened: float) -> None:
        """Make the file; `opened` is when, on whatever clock the caller uses. Raises OSError."""
        self.address = address
        self.opened = opened
        self.size = 0
        self.path = folder / (Path(address.key).stem + SUFFIX)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            self.append(json.dumps(asdict(address)).encode() + b"\n")
        except OSError:
            self.close()
            self.path.unlink()
            raise

    def append(self, line: bytes) -> None:
        """Write a whole line or nothing of it. Raises OSError, as where the disk is full."""
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(line)

    def close(self) -> None:
        """Append no more."""
        os.close(self._descriptor)


def read_address(path: Path) -> SpoolAddress:
    """Where a spool goes. Raises SpoolUnreadable."""
    with open(path, "rb") as file:
        first = file.readline()
    try:
        return SpoolAddress(**json.loads(first))
    except (ValueError, TypeError) as error:
        raise SpoolUnreadable(f"{path}: the first line does not say where its records go") from error


def read_records(path: Path) -> bytes:
    """All lines after the first."""
    return path.read_bytes().partition(b"\n")[2]


def drop_torn_line(path: Path) -> None:
    """Cut off a last line without an end, and say so: its request was never answered, the server was killed."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        LOGGER.warning("%s: dropped a record of %d bytes, cut off by the server's death", path, len(content) - whole)
        os.truncate(path, whole)


def left_behind(folder: Path) -> list[Path]:
    """The spools of an earlier process, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
