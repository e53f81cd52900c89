"""Reads chosen members of an untrusted .tar.gz into memory. Nothing is ever unpacked to disk."""

import gzip
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import IO

from processing.exit_message import ProcessingFailure

MAX_MEMBERS = 64
# The largest member of CIFAR-100, train, has 155 MB.
MAX_MEMBER_BYTES = 256 * 1024 * 1024
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ADVICE = "fetch the archive again"


class ArchiveUnreadable(ProcessingFailure):
    """The operating system refuses to open or read the archive."""


class ArchiveTruncated(ProcessingFailure):
    """The archive ends before its contents do."""


class ArchiveCorrupt(ProcessingFailure):
    """The archive's own checksums or headers do not hold."""


class NotATarArchive(ProcessingFailure):
    """The file is something other than a gzip-compressed tar archive."""


class UnsafeArchiveMember(ProcessingFailure):
    """A member that only an attack needs: a link, a device, a path that leaves the folder, a bomb."""


def read_members(archive: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """Contents of the regular members whose path is in `wanted`; absent ones are absent in the result.

    The whole archive is read, so that its checksum is verified and every member's header judged, wanted or
    not.

    Raises ArchiveUnreadable, NotATarArchive, ArchiveTruncated, ArchiveCorrupt or UnsafeArchiveMember.
    """
    try:
        with archive.open("rb") as file:
            magic = file.read(len(_GZIP_MAGIC))
            if not magic:
                raise ArchiveTruncated(f"{archive} is empty; {_ADVICE}")
            if magic != _GZIP_MAGIC:
                raise NotATarArchive(f"{archive} is not a gzip-compressed tar archive; give a cifar-100-python.tar.gz")
            file.seek(0)
            return _read_stream(archive, file, wanted)
    except tarfile.ReadError as error:
        if "unexpected end of data" in str(error):
            raise ArchiveTruncated(f"{archive} ends before its contents do; {_ADVICE}") from error
        raise NotATarArchive(f"{archive} holds no tar archive ({error}); give a cifar-100-python.tar.gz") from error
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise ArchiveCorrupt(f"{archive} has a damaged tar header ({error}); {_ADVICE}") from error
    except OSError as error:
        raise ArchiveUnreadable(f"{archive} cannot be read: {error.strerror or error}; check the input") from error


class _BoundedReader:
    """A readable that stops a decompression bomb, also one hidden in a tar header's own data."""

    def __init__(self, source: gzip.GzipFile, archive: Path) -> None:
        self._source, self._archive, self._left = source, archive, MAX_UNPACKED_BYTES

    def read(self, size: int) -> bytes:
        try:
            data = self._source.read(size)
        except EOFError as error:
            raise ArchiveTruncated(f"{self._archive} ends before its contents do; {_ADVICE}") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ArchiveCorrupt(f"{self._archive} is damaged ({error}); {_ADVICE}") from error
        self._left -= len(data)
        if self._left < 0:
            raise UnsafeArchiveMember(
                f"{self._archive} unpacks to more than {MAX_UNPACKED_BYTES:,} bytes, as no CIFAR file does; "
                "give a cifar-100-python.tar.gz"
            )
        return data


def _read_stream(archive: Path, file: IO[bytes], wanted: Collection[str]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    seen: set[str] = set()
    with gzip.GzipFile(fileobj=file) as unzipped:
        bounded = _BoundedReader(unzipped, archive)
        with tarfile.open(fileobj=bounded, mode="r|", bufsize=_CHUNK_BYTES) as tar:  # type: ignore[call-overload]
            for member in tar:
                name = _checked_name(archive, member)
                if name in seen or len(seen) == MAX_MEMBERS:
                    fault = "stands in it twice" if name in seen else f"is one member more than {MAX_MEMBERS}"
                    raise UnsafeArchiveMember(_refusal(archive, member, fault))
                seen.add(name)
                if name in wanted and member.isreg():
                    stream = tar.extractfile(member)
                    contents[name] = stream.read(member.size) if stream else b""
        # Past the tar's end stands the gzip checksum: read on, so that it is compared.
        while bounded.read(_CHUNK_BYTES):
            pass
    return contents


def _checked_name(archive: Path, member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise UnsafeArchiveMember(_refusal(archive, member, "has a path that leaves the archive's folder"))
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE) or member.issparse():
        raise UnsafeArchiveMember(_refusal(archive, member, "is neither a plain file nor a folder"))
    if not 0 <= member.size <= MAX_MEMBER_BYTES:
        raise UnsafeArchiveMember(_refusal(archive, member, f"declares an absurd size of {member.size:,} bytes"))
    return str(path)


def _refusal(archive: Path, member: tarfile.TarInfo, fault: str) -> str:
    return f"{archive}: member {member.name[:120]!r} {fault}; do not use this archive"
