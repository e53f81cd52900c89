"""The bodies of S3 objects, one file each, so that they survive the process and do not fill its memory."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path


class BodyFile:
    """One body. Speaks as much of the file interface as moto asks of an object's buffer."""

    def __init__(self, folder: BodyFolder, name: str) -> None:
        self.folder = folder
        self.name = name
        self._position = 0

    def seek(self, position: int) -> None:
        """Move to `position`, in bytes from the beginning."""
        self._position = position

    def truncate(self) -> None:
        """Cut the body at the present position."""
        with open(self._path, "r+b" if self._path.exists() else "w+b") as file:
            file.truncate(self._position)

    def write(self, content: bytes) -> int:
        """Write at the present position; returns the number of bytes. Raises OSError when the disk is full."""
        with open(self._path, "r+b" if self._path.exists() else "w+b") as file:
            file.seek(self._position)
            file.write(content)
            self._position += len(content)
        return len(content)

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes from the present position; all that is left where size is negative."""
        with open(self._path, "rb") as file:
            file.seek(self._position)
            content = file.read(size)
        self._position += len(content)
        return content

    def close(self) -> None:
        """Nothing: moto closes copies too, and only a snapshot knows which bodies no object needs any more."""

    def __deepcopy__(self, _memo: object) -> BodyFile:
        """Copies share the file: moto copies objects to list them, never to change them."""
        return BodyFile(self.folder, self.name)

    @property
    def _path(self) -> Path:
        return self.folder.path / self.name


class BodyFolder:
    """The folder that holds all bodies."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._clock = clock
        self._made: dict[str, float] = {}

    def new(self) -> BodyFile:
        """A new, empty body."""
        name = uuid.uuid4().hex
        self._made[name] = self._clock()
        return BodyFile(self, name)

    def open(self, name: str) -> BodyFile:
        """The body of this name, as a snapshot kept it."""
        self._made[name] = self._clock()
        return BodyFile(self, name)

    def keep_only(self, in_use: set[str], grace_seconds: float = 0.0) -> None:
        """Delete the bodies that are not in use, except those made within the last seconds.

        The grace is for a body whose object was not yet in its bucket when the snapshot was taken.
        """
        young = self._clock() - grace_seconds
        for file in list(self.path.iterdir()):
            if file.name not in in_use and self._made.get(file.name, 0.0) <= young:
                self._made.pop(file.name, None)
                file.unlink(missing_ok=True)
