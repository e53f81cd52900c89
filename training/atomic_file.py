"""Files that are there whole or not at all, whatever kills the process while it writes."""

import contextlib
import os
from pathlib import Path

from failure import TrainingRefused


class OutputNotWritten(TrainingRefused):
    """A file could not be written: the disk is full, or the folder is not ours."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` beside `path` under a temporary name, then rename. Creates the folder.

    Raises OutputNotWritten, with nothing left behind, if the system refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise OutputNotWritten(
            f"{path} could not be written: {error.strerror}; free space or check the folder's permissions"
        ) from error
