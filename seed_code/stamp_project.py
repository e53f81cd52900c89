"""A stamped project on disk: refused before anything is written, then there whole or not at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.dataset import ARCHIVE_NAME
from pipelines.source_code import PROJECT_ROOT
from seed_code.picture_archive import Counts, subfolders, write_picture_archive
from seed_code.seed import read_files
from seed_code.stamp import stamp
from seed_code.stamp_identity import Identity, StampRefused, check_name, cifar_classes, picture_classes

ARCHIVE_FOLDER = "data"


@dataclass(frozen=True)
class Wanted:
    """What was asked for: `classes` as written, `A,B`; `pictures` a folder of two subfolders, if any."""

    name: str
    classes: str | None
    output: Path
    pictures: Path | None = None


@dataclass(frozen=True)
class Stamped:
    """What was made: how many files, and of a project with pictures of its own how many of each class."""

    identity: Identity
    files: int
    pictures: Mapping[str, Counts] = field(default_factory=dict)


def stamp_project(wanted: Wanted) -> Stamped:
    """Stamp this repository into the output folder.

    Raises StampRefused: name, classes or pictures that will not do, an output folder that holds something or lies in
    this repository, or a repository that is no longer as stamping knows it; SeedRefused: a tree that is
    none to make a project of. Nothing is left then.
    """
    identity = _identity(wanted)
    output = wanted.output.expanduser().resolve()
    _refuse_taken(output)
    own = read_files(PROJECT_ROOT)
    files = stamp(((path, file.content) for path, file in own.items()), identity)
    made_folder = not output.exists()
    output.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    try:
        for path, content in files.items():
            _write(staging / path, content, own[path].is_program)
        _format(staging)
        counts = _add_pictures(staging, wanted, identity)
        staging.chmod(0o755)
        if not made_folder:
            output.rmdir()  # empty, as was seen
        staging.replace(output)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return Stamped(identity, len(files) + bool(counts), counts)


def _identity(wanted: Wanted) -> Identity:
    name = check_name(wanted.name)
    if wanted.pictures is not None:
        return Identity(name, picture_classes(wanted.classes, subfolders(wanted.pictures)), of_pictures=True)
    return Identity(name, cifar_classes(wanted.classes or ""))


def _refuse_taken(output: Path) -> None:
    if output.is_relative_to(PROJECT_ROOT):
        raise StampRefused(f"{output} is inside this repository: give a folder beside it with --output")
    if output.exists() and not output.is_dir():
        raise StampRefused(f"{output} is a file: give an empty folder, or one to make, with --output")
    if output.is_dir() and any(output.iterdir()):
        raise StampRefused(f"{output} is not empty: give an empty folder, or one to make, with --output")


def _write(file: Path, content: bytes, is_program: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    if is_program:
        file.chmod(0o755)


def _format(folder: Path) -> None:
    """Names of other lengths break lines elsewhere, and the project's own `make lint` looks."""
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--no-cache", "."]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        raise StampRefused(f"what was stamped cannot be formatted: {run.stderr.strip()[-300:]}")


def _add_pictures(staging: Path, wanted: Wanted, identity: Identity) -> dict[str, Counts]:
    if wanted.pictures is None:
        return {}
    archive = staging / ARCHIVE_FOLDER / ARCHIVE_NAME
    archive.parent.mkdir()
    return write_picture_archive(archive, wanted.pictures, identity.classes)
