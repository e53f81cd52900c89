"""Which archive this is: its digests, taken in one pass over the file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from processing.exit_message import ProcessingFailure
from processing.safe_tar import ArchiveUnreadable

# MD5 of cifar-100-python.tar.gz as its authors publish it.
OFFICIAL_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"
_CHUNK_BYTES = 4 * 1024 * 1024


class ArchiveDigestMismatch(ProcessingFailure):
    """The archive is another one than was asked for."""


@dataclass(frozen=True)
class ArchiveDigest:
    """A file's name, length in bytes, and lower-case hexadecimal digests."""

    file: str
    bytes: int
    sha256: str
    md5: str

    @property
    def official(self) -> bool:
        return self.md5 == OFFICIAL_MD5

    def require_md5(self, expected: str) -> None:
        """Raise ArchiveDigestMismatch unless the archive's MD5 is `expected` (any case)."""
        if self.md5 != expected.strip().lower():
            raise ArchiveDigestMismatch(
                f"{self.file} has MD5 {self.md5}, not {expected}; fetch it again or correct --expected-md5"
            )


def digest_archive(archive: Path) -> ArchiveDigest:
    """Digests of a file of any size. Raises ArchiveUnreadable."""
    # MD5 tells the official archive from others; it protects nothing.
    md5, sha256, length = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    try:
        with archive.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                md5.update(chunk)
                sha256.update(chunk)
                length += len(chunk)
    except OSError as error:
        raise ArchiveUnreadable(f"{archive} cannot be read: {error.strerror or error}; check the input") from error
    return ArchiveDigest(archive.name, length, sha256.hexdigest(), md5.hexdigest())
