"""A container's output files as S3 objects: whole or not at all."""

from __future__ import annotations

import io
import logging
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from local_aws.objects import ObjectNotFound, ObjectStore, S3Uri
from local_aws.sagemaker.jobs.control import JobFailed
from local_aws.sagemaker.jobs.reasons import is_disk_full

LOGGER = logging.getLogger(__name__)


class Uploads:
    """The objects that a job has written, so that they can be taken back should it fail in the end."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._before: dict[tuple[str, str], bytes | None] = {}

    def write(self, uri: S3Uri, content: bytes) -> None:
        """Write an object. Raises JobFailed, having taken back all that was written."""
        self._remember(uri)
        try:
            self._objects.write(uri.bucket, uri.key, content)
        except ObjectNotFound as error:
            self.take_back()
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from error
        except OSError as error:
            self.take_back()
            raise upload_failure(error, str(uri)) from error

    def folder(self, folder: Path, uri: S3Uri) -> None:
        """Write all files below the folder under the prefix; the service follows no symbolic links either."""
        for path, name in files_below(folder):
            self.write(below(uri, name), path.read_bytes())

    def archive(self, folder: Path, uri: S3Uri) -> None:
        """Write the folder's content as one .tar.gz. Raises JobFailed."""
        try:
            content = _tar_gz(folder)
        except OSError as error:
            self.take_back()
            raise upload_failure(error, str(uri)) from error
        self.write(uri, content)

    def take_back(self) -> None:
        """Restore every object to what it was before this job."""
        for (bucket, key), content in self._before.items():
            try:
                if content is None:
                    self._objects.delete(bucket, key)
                else:
                    self._objects.write(bucket, key, content)
            except (OSError, ObjectNotFound):
                LOGGER.exception("cannot take back s3://%s/%s", bucket, key)
        self._before.clear()

    def _remember(self, uri: S3Uri) -> None:
        if (uri.bucket, uri.key) not in self._before:
            earlier = self._objects.read(uri.bucket, uri.key) if self._objects.exists(uri.bucket, uri.key) else None
            self._before[(uri.bucket, uri.key)] = earlier


def upload_failure(error: OSError, uri: str) -> JobFailed:
    """The reason of a job whose output could not be stored."""
    if is_disk_full(error):
        return JobFailed(f"ClientError: Artifact upload failed:Insufficient disk space for {uri}")
    return JobFailed(f"InternalServerError: Artifact upload failed:{uri}: {error.strerror or error}")


def below(uri: S3Uri, name: str) -> S3Uri:
    """The object called `name` under a prefix, which may end with "/" or not."""
    prefix = uri.key.rstrip("/")
    return S3Uri(uri.bucket, f"{prefix}/{name}" if prefix else name)


def files_below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every regular file below the folder with its name relative to it, in order; no symbolic links."""
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.is_dir(follow_symlinks=False):
            for path, name in files_below(Path(entry.path)):
                yield path, f"{entry.name}/{name}"
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path), entry.name


def _tar_gz(folder: Path) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as archive:
        for entry in sorted(folder.iterdir()):
            archive.add(entry, arcname=entry.name)
    return target.getvalue()
