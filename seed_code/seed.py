"""The seed of a project: this repository's files as one zip archive with the same bytes on every machine.

It holds what git would commit of the working tree, and where there is no git what .gitignore leaves: the two are the
same files. Times, modes and order are fixed, and nothing is compressed, since what a compressor makes differs between
its versions.
"""

from __future__ import annotations

import hashlib
import io
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seed_code.secrets import looks_secret

# what a build of it begins with
NEEDED = ("buildspec.yml", "requirements.txt", "setup.py")
LARGEST_FILE, LARGEST_SEED = 2 * 1024 * 1024, 50 * 1024 * 1024
# zip's own beginning of time
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX, FILE_MODE, PROGRAM_MODE = 3, 0o644, 0o755
GIT_SECONDS = 60


class SeedRefused(ValueError):
    """The tree is not one to make a seed of; the message names the file, and what to do."""


@dataclass(frozen=True)
class SeedFile:
    """A file of the seed."""

    content: bytes
    is_program: bool


@dataclass(frozen=True)
class Seed:
    """The archive, and the SHA-256 (hex) of its bytes."""

    content: bytes
    digest: str
    files: int


def read_seed(root: Path) -> Seed:
    """The seed of the project in this folder. Raises SeedRefused."""
    content = archive(read_files(root))
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        count = len(zipped.namelist())
    return Seed(content, hashlib.sha256(content).hexdigest(), count)


def read_files(root: Path) -> dict[str, SeedFile]:
    """The files that belong to the seed, by their paths below `root` (with /). Raises SeedRefused."""
    names = sorted(_in_git(root) if (root / ".git").exists() else _not_ignored(root))
    absent = [name for name in NEEDED if name not in names]
    if absent:
        raise SeedRefused(f"{root}: there is no {', no '.join(absent)}: give the folder of a whole project")
    found = {name: _read(root, name) for name in names}
    total = sum(len(file.content) for file in found.values())
    if total > LARGEST_SEED:
        raise SeedRefused(f"{root}: has {total:,} bytes, a seed {LARGEST_SEED:,} at most: put data into .gitignore")
    return found


def archive(files: Mapping[str, SeedFile]) -> bytes:
    """A zip archive whose bytes depend on nothing but names, contents and which files are programs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as zipped:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, ZIP_EPOCH)
            member.create_system = UNIX
            mode = PROGRAM_MODE if files[name].is_program else FILE_MODE
            member.external_attr = (stat.S_IFREG | mode) << 16
            zipped.writestr(member, files[name].content)
    return content.getvalue()


def _in_git(root: Path) -> Iterator[str]:
    """What git tracks, and what it would if told to add everything, as far as it is there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=GIT_SECONDS, check=True)
    except FileNotFoundError:
        yield from _not_ignored(root)
        return
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.decode("utf-8", "replace").split())
        raise SeedRefused(f"{root}: git says: {said}") from error
    for name in {each for each in done.stdout.decode("utf-8", "surrogateescape").split("\0") if each}:
        if (root / name).is_symlink() or (root / name).exists():
            yield name


def _not_ignored(root: Path) -> Iterator[str]:
    """All files but those that the root's .gitignore leaves out."""
    from pathspec import GitIgnoreSpec

    rules = root / ".gitignore"
    if not rules.is_file():
        raise SeedRefused(f"{root}: there is no .gitignore, which says what belongs to a seed and what does not")
    spec = GitIgnoreSpec.from_lines([*rules.read_text(encoding="utf-8").splitlines(), ".git"])
    yield from _walk(root, root, spec.match_file)


def _walk(root: Path, folder: Path, ignored: Callable[[str], bool]) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        name = path.relative_to(root).as_posix()
        is_folder = path.is_dir() and not path.is_symlink()
        if ignored(f"{name}/" if is_folder else name):
            continue
        if is_folder:
            yield from _walk(root, path, ignored)
        else:
            yield name


def _read(root: Path, name: str) -> SeedFile:
    path = root / name
    if path.is_symlink() or not path.is_file():
        raise SeedRefused(f"{name}: is no file of its own but a link or a folder's repository: put the file there")
    status = path.stat()
    if status.st_size > LARGEST_FILE:
        told = f"{name}: has {status.st_size:,} bytes, a file of a seed {LARGEST_FILE:,} at most"
        raise SeedRefused(f"{told}: put it into .gitignore, and into S3")
    content = path.read_bytes()
    secret = looks_secret(name, content)
    if secret:
        raise SeedRefused(f"{name}: looks like {secret}: take it out of the tree, or put it into .gitignore")
    return SeedFile(content, bool(status.st_mode & stat.S_IXUSR))
