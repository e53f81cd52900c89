"""Reading an untrusted .tar.gz: what it gives, and everything it refuses."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from processing import safe_tar
from processing.safe_tar import (
    ArchiveCorrupt,
    ArchiveTruncated,
    ArchiveUnreadable,
    NotATarArchive,
    UnsafeArchiveMember,
    read_members,
)

WANTED = "folder/wanted"


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, target
    return info


def write(path: Path, *entries: tarfile.TarInfo, content: bytes = b"") -> Path:
    """An archive with the entries, each holding as much of `content` as its size says."""
    with tarfile.open(path, "w:gz") as tar:
        for info in entries:
            tar.addfile(info, io.BytesIO(content))
    return path


def test_only_wanted_members_are_read_whatever_else_is_there(tmp_path: Path) -> None:
    folder, stray, wanted = (
        entry("folder", tarfile.DIRTYPE),
        entry("folder/file.txt~", size=2),
        entry(f"./{WANTED}", size=3),
    )
    archive = write(tmp_path / "a.tar.gz", folder, stray, wanted, content=b"abc")
    assert read_members(archive, {WANTED, "folder/absent"}) == {WANTED: b"abc"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (entry("../evil"), "leaves"),
        (entry("folder/../../evil"), "leaves"),
        (entry("/etc/passwd"), "leaves"),
        (entry("..\\evil"), "leaves"),
        (entry(WANTED, tarfile.SYMTYPE, target="/etc/passwd"), "plain file"),
        (entry(WANTED, tarfile.LNKTYPE, target="other"), "plain file"),
        (entry(WANTED, tarfile.CHRTYPE), "plain file"),
        (entry(WANTED, tarfile.BLKTYPE), "plain file"),
        (entry(WANTED, tarfile.FIFOTYPE), "plain file"),
        (entry(WANTED, tarfile.GNUTYPE_SPARSE), "plain file"),
    ],
    ids=lambda value: value.name + value.type.decode() if isinstance(value, tarfile.TarInfo) else "",
)
def test_unsafe_member_is_refused_by_name(member: tarfile.TarInfo, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeArchiveMember, match=reason):
        read_members(write(tmp_path / "a.tar.gz", member), {WANTED})


def test_member_that_stands_twice_is_refused(tmp_path: Path) -> None:
    archive = write(tmp_path / "a.tar.gz", entry(WANTED), entry(f"./{WANTED}"))
    with pytest.raises(UnsafeArchiveMember, match="twice"):
        read_members(archive, {WANTED})


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    archive = write(tmp_path / "a.tar.gz", *(entry(str(number)) for number in range(65)))
    with pytest.raises(UnsafeArchiveMember, match="more than 64"):
        read_members(archive, {WANTED})


@pytest.mark.parametrize("name", [WANTED, "folder/other"])
def test_absurd_declared_size_is_refused_before_anything_is_read(name: str, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(entry(name, size=10**12).tobuf() + bytes(2048)))
    with pytest.raises(UnsafeArchiveMember, match="absurd size of 1,000,000,000,000 bytes"):
        read_members(archive, {WANTED})


def test_decompression_bomb_in_a_header_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_tar, "MAX_UNPACKED_BYTES", 4 * 1024 * 1024)
    archive = tmp_path / "a.tar.gz"
    header = entry("pax", tarfile.XHDTYPE, size=64 * 1024 * 1024).tobuf(tarfile.USTAR_FORMAT)
    archive.write_bytes(gzip.compress(header + bytes(64 * 1024 * 1024), compresslevel=1))
    with pytest.raises(UnsafeArchiveMember, match="unpacks to more than"):
        read_members(archive, {WANTED})


def test_archive_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.tar.gz", entry(WANTED, size=3000), content=bytes(range(250)) * 12).read_bytes()
    cut = tmp_path / "cut.tar.gz"
    for length in [0, *range(2, len(whole), 7), len(whole) - 1]:
        cut.write_bytes(whole[:length])
        with pytest.raises(ArchiveTruncated):
            read_members(cut, {WANTED})


def test_tar_cut_before_it_was_compressed_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(entry(WANTED, size=3000).tobuf() + bytes(1000)))
    with pytest.raises(ArchiveTruncated):
        read_members(archive, {WANTED})


def spoil_checksum(content: bytes) -> bytes:
    return content[:-6] + bytes([content[-6] ^ 1]) + content[-5:]


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda whole: b"<html>Not Found</html>", NotATarArchive),
        (lambda whole: b"PK\x03\x04 a zip file", NotATarArchive),
        (lambda whole: gzip.compress(b"just text " * 100), NotATarArchive),
        (lambda whole: gzip.decompress(whole), NotATarArchive),
        (spoil_checksum, ArchiveCorrupt),
        (lambda whole: whole[:100] + b"\xff" * 100 + whole[200:], ArchiveCorrupt),
    ],
    ids=["web page", "zip", "gzip without tar", "tar without gzip", "wrong checksum", "damaged stream"],
)
def test_other_files_are_refused(make: Callable[[bytes], bytes], refusal: type[Exception], tmp_path: Path) -> None:
    archive = write(tmp_path / "a.tar.gz", entry(WANTED, size=3000), content=bytes(range(250)) * 12)
    archive.write_bytes(make(archive.read_bytes()))
    with pytest.raises(refusal):
        read_members(archive, {WANTED})


def test_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadable, match="No such file"):
        read_members(tmp_path / "absent.tar.gz", {WANTED})
