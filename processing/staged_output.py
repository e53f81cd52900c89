"""Output that appears whole or not at all: written under a temporary name, moved into place at the end."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from processing.exit_message import ProcessingFailure


class OutputNotEmpty(ProcessingFailure):
    """A place that output should go to already holds something."""


class OutputNotWritable(ProcessingFailure):
    """The disk is full, or the output folder may not be written."""


@contextmanager
def staged_folder(output_dir: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield a temporary folder inside output_dir; on success move its entries `names`, in order, up into it.

    An entry is a file or a folder of files. SageMaker makes the local output folders beforehand and may
    mount each by itself, so files are moved into existing (empty) folders rather than folders renamed over
    them. After a failure neither the temporary folder nor any moved file remains.

    Raises OutputNotEmpty when an entry's place is taken, OutputNotWritable when the system refuses a write.
    """
    for name in names:
        _refuse_taken(output_dir / name)
    with _write_errors(output_dir):
        output_dir.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=output_dir))
    try:
        with _write_errors(output_dir):
            yield staging
            _publish(staging, output_dir, names)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def staged_file(output: Path) -> Iterator[Path]:
    """Yield a temporary path beside `output` and rename it to `output` on success; remove it on failure.

    Raises OutputNotWritable when the system refuses a write.
    """
    staging = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        with _write_errors(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            yield staging
            os.replace(staging, output)
    finally:
        staging.unlink(missing_ok=True)


def _refuse_taken(place: Path) -> None:
    if place.is_dir() and not any(place.iterdir()):
        return
    if place.exists() or place.is_symlink():
        raise OutputNotEmpty(f"{place} already exists and is not an empty folder; give an empty output folder")


@contextmanager
def _write_errors(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = error.filename or where
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            advice = "free some space, or give the job a larger volume (VolumeSizeInGB)"
        else:
            advice = "check that the folder exists and may be written"
        raise OutputNotWritable(f"cannot write {place}: {error.strerror or error}; {advice}") from error


def _publish(staging: Path, output_dir: Path, names: Sequence[str]) -> None:
    moved: list[Path] = []
    made: list[Path] = []
    try:
        for name in names:
            source = staging / name
            files = sorted(source.iterdir()) if source.is_dir() else [source]
            if source.is_dir() and not (output_dir / name).exists():
                (output_dir / name).mkdir()
                made.append(output_dir / name)
            for file in files:
                target = output_dir / file.relative_to(staging)
                moved.append(target)
                _move(file, target)
    except BaseException:
        for target in moved:
            target.unlink(missing_ok=True)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _move(file: Path, target: Path) -> None:
    try:
        os.replace(file, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_across_mounts(file, target)


def _copy_across_mounts(file: Path, target: Path) -> None:
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.copyfile(file, partial)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
