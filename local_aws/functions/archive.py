"""Zip files with code, unpacked safely."""

from __future__ import annotations

import io
import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path

# the service's limit for a function with all its layers
LARGEST_UNZIPPED = 262_144_000
MOST_MEMBERS = 100_000


class CodeNotUsable(ValueError):
    """The zip file cannot be unpacked, or must not be; the message says why."""


def check(content: bytes, already: int = 0) -> int:
    """The unpacked size in bytes. Raises CodeNotUsable, also where it and `already` exceed the service's limit."""
    with _opened(content) as archive:
        return _check(archive, already)


def unpack(content: bytes, folder: Path, already: int = 0) -> int:
    """Unpack into the folder, over what is there; returns the size in bytes.

    Raises CodeNotUsable: before anything is written where a member's name, kind or stated size is at fault.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(content) as archive:
        size = _check(archive, already)
        try:
            for member in archive.infolist():
                _unpack_member(archive, member, folder)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise CodeNotUsable(f"the zip file cannot be unpacked: {error}") from error
    return size


def _opened(content: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, OSError) as error:
        raise CodeNotUsable(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from error


def _check(archive: zipfile.ZipFile, already: int) -> int:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise CodeNotUsable(f"the zip file has {len(members)} members, more than {MOST_MEMBERS}")
    for member in members:
        _check_member(member)
    size = sum(member.file_size for member in members)
    if size + already > LARGEST_UNZIPPED:
        raise CodeNotUsable(f"Unzipped size must be smaller than {LARGEST_UNZIPPED} bytes")
    return size


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or "\0" in name:
        raise CodeNotUsable(f"the zip file's member {name!r} lies outside the folder it is unpacked into")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise CodeNotUsable(f"the zip file's member {name!r} is neither a file nor a folder")
    if member.flag_bits & 1:
        raise CodeNotUsable(f"the zip file's member {name!r} is encrypted")


def _unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / member.filename
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # zipfile reads no more than the size that was checked, and fails where the checksum is another
    with archive.open(member) as source, open(target, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    executable = (member.external_attr >> 16) & 0o111
    os.chmod(target, 0o755 if executable else 0o644)
