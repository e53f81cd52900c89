"""A CIFAR-100 archive, found, read and checked: cifar-100-python.tar.gz or one in its format."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from processing.archive_digest import ArchiveDigest, digest_archive
from processing.cifar_batch import CifarBatch, MalformedBatch, parse_batch, parse_class_names
from processing.exit_message import ProcessingFailure
from processing.restricted_pickle import load_pickle
from processing.safe_tar import read_members

META, TRAIN, TEST = (f"cifar-100-python/{name}" for name in ("meta", "train", "test"))
# Stands in archives that `sample_archive` made, so that no report passes drawings off as photographs.
GENERATED_MARKER = "cifar-100-python/GENERATED"


class ArchiveMissing(ProcessingFailure):
    """There is no archive where one should be."""


class AmbiguousArchive(ProcessingFailure):
    """There are several archives where one should be."""


@dataclass(frozen=True)
class CifarArchive:
    """An archive's identity, its fine class names in label order, and its two splits."""

    digest: ArchiveDigest
    generated: bool
    class_names: tuple[str, ...]
    train: CifarBatch
    test: CifarBatch


def find_archive(folder: Path) -> Path:
    """The one *.tar.gz in a folder. Raises ArchiveMissing, AmbiguousArchive."""
    found = sorted(folder.glob("*.tar.gz")) if folder.is_dir() else []
    if not found:
        raise ArchiveMissing(f"no *.tar.gz in {folder}; put cifar-100-python.tar.gz where InputDataUri points")
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:5])
        raise AmbiguousArchive(f"{folder} holds {len(found)} archives ({names}); leave one where InputDataUri points")
    return found[0]


def read_archive(archive: Path, expected_md5: str | None = None) -> CifarArchive:
    """Read and check a whole archive into memory (180 MB for CIFAR-100).

    Raises ArchiveDigestMismatch when `expected_md5` is given and is not the archive's, MalformedBatch for
    contents that are not CIFAR-100's, and what `read_members` and `load_pickle` raise. No pickle is opened
    before the digest has been compared.
    """
    with ThreadPoolExecutor(max_workers=1) as background:  # hashing and unpacking both release the lock
        digesting = background.submit(digest_archive, archive)
        members = read_members(archive, {META, TRAIN, TEST, GENERATED_MARKER})
        digest = digesting.result()
    if expected_md5:
        digest.require_md5(expected_md5)
    for name in (META, TRAIN, TEST):
        if name not in members:
            raise MalformedBatch(f"{archive} has no member {name}; give an archive in CIFAR-100's format")

    class_names = parse_class_names(load_pickle(members[META], f"{archive}:{META}"), f"{archive}:{META}")

    def batch(name: str) -> CifarBatch:
        where = f"{archive}:{name}"
        return parse_batch(load_pickle(members.pop(name), where), len(class_names), where)

    generated = GENERATED_MARKER in members
    return CifarArchive(digest, generated, class_names, batch(TRAIN), batch(TEST))
