"""Tar archives from outside, unpacked safely on every Python that this runs on."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path


class UnsafeArchive(ValueError):
    """The archive is none, is damaged, or has a member that does not belong in its folder."""


def extract(content: bytes, folder: Path) -> None:
    """Unpack a tar archive, compressed or not, into the folder.

    Raises UnsafeArchive; before anything is written, where a member's name or kind is at fault.

    Members may be files, folders, and links that stay inside; owners and special permission bits are dropped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = archive.getmembers()
            for member in members:
                _check(member, folder)
            for member in members:
                member.mode = (member.mode & 0o755) | 0o600
                member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
            if hasattr(tarfile, "data_filter"):
                archive.extractall(folder, members, filter="data")
            else:
                archive.extractall(folder, members)  # noqa: S202  the members were checked
    except (tarfile.TarError, EOFError) as error:
        raise UnsafeArchive(f"not a tar archive that can be read: {error}") from error


def _check(member: tarfile.TarInfo, folder: Path) -> None:
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        raise UnsafeArchive(f"{member.name} is neither a file nor a folder nor a link")
    _check_inside(member.name, folder / member.name, folder)
    if member.issym():
        _check_inside(f"{member.name} -> {member.linkname}", (folder / member.name).parent / member.linkname, folder)
    if member.islnk():
        _check_inside(f"{member.name} -> {member.linkname}", folder / member.linkname, folder)


def _check_inside(shown: str, target: Path, folder: Path) -> None:
    inside = Path(os.path.normpath(target)).is_relative_to(os.path.normpath(folder))
    if not inside:
        raise UnsafeArchive(f"{shown} lies outside the folder it is unpacked into")
