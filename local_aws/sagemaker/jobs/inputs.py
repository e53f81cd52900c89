"""S3 objects as a container's input files: which objects, which file each becomes, and the copying."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local_aws.objects import ObjectNotFound, ObjectStore, S3Uri
from local_aws.sagemaker.jobs.control import JobFailed
from local_aws.sagemaker.jobs.reasons import is_disk_full


@dataclass(frozen=True)
class InputObject:
    """One object of an input, and where it goes below the input's folder (with "/", never leading)."""

    bucket: str
    key: str
    path: str

    @property
    def uri(self) -> str:
        """As people write it."""
        return f"s3://{self.bucket}/{self.key}"


def find(objects: ObjectStore, s3_uri: str, data_type: str = "S3Prefix") -> list[InputObject]:
    """The objects of an S3Prefix or a ManifestFile, in the order of their keys or of the manifest.

    A prefix is a prefix of text, as in the service: `a/b` means `a/b`, `a/b/c` and `a/bc` alike. An object
    goes where its key says, below the prefix; where the prefix ends inside a name, that whole name counts.
    Raises JobFailed for an input that is not there, names no object, or cannot be laid out as files.
    """
    try:
        uri = S3Uri.parse(s3_uri)
        found = _from_manifest(objects, uri) if data_type == "ManifestFile" else _from_prefix(objects, uri)
    except (ValueError, ObjectNotFound) as error:
        raise JobFailed(f"ClientError: Data download failed:{error}") from error
    if not found:
        raise JobFailed(f"ClientError: Data download failed:S3 key: {s3_uri} matched no files on s3")
    _refuse_impossible_paths(found)
    return found


def exists(objects: ObjectStore, s3_uri: str) -> bool:
    """Whether any object's key begins like this."""
    try:
        uri = S3Uri.parse(s3_uri)
        return next(objects.keys(uri.bucket, uri.key), None) is not None
    except (ValueError, ObjectNotFound):
        return False


def shard(found: list[InputObject], host: int, hosts: int) -> list[InputObject]:
    """The share of one host (counted from 0) in an input that is ShardedByS3Key."""
    return found[host::hosts]


def download(objects: ObjectStore, found: Iterable[InputObject], folder: Path, inflate: bool = False) -> None:
    """Copy the objects into `folder`; `inflate` gunzips, `a.csv.gz` to `a.csv`. Raises JobFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    made: set[Path] = set()
    for item in found:
        target = folder / item.path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        try:
            content = objects.read(item.bucket, item.key)
            if inflate:
                content = gzip.decompress(content)
                target = target.with_name(target.name.removesuffix(".gz") or target.name)
            # nothing reads the folder before the whole input is there, and a failed job never reads it
            target.write_bytes(content)
        except (ObjectNotFound, gzip.BadGzipFile, EOFError) as error:
            raise JobFailed(f"ClientError: Data download failed:{item.uri}: {error}") from error
        except OSError as error:
            if is_disk_full(error):
                raise JobFailed(f"ClientError: Data download failed:Insufficient disk space for {item.uri}") from error
            raise


def _from_prefix(objects: ObjectStore, uri: S3Uri) -> list[InputObject]:
    found = []
    for key in objects.keys(uri.bucket, uri.key):
        if not key.endswith("/"):
            found.append(InputObject(uri.bucket, key, path_below(uri.key, key)))
    return found


def path_below(prefix: str, key: str) -> str:
    """Where an object of `key` goes below the folder of an input that has `prefix`."""
    rest = key[len(prefix) :]
    if rest and (prefix.endswith("/") or rest.startswith("/") or not prefix):
        return rest.removeprefix("/") if not prefix.endswith("/") else rest
    return key[prefix.rfind("/") + 1 :]


def _from_manifest(objects: ObjectStore, uri: S3Uri) -> list[InputObject]:
    try:
        head, *names = json.loads(objects.read(uri.bucket, uri.key))
        prefix = S3Uri.parse(head["prefix"])
        if not all(isinstance(name, str) for name in names):
            raise TypeError("a name that is no string")
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f'the manifest {uri} is not of the form [{{"prefix": "s3://…"}}, "name", …]: '
            f"{type(error).__name__}: {error}"
        ) from error
    found = []
    for name in names:
        if not objects.exists(prefix.bucket, prefix.key + name):
            raise ObjectNotFound(f"S3 key: {prefix}{name} of the manifest {uri} matched no files on s3")
        found.append(InputObject(prefix.bucket, prefix.key + name, name.removeprefix("/")))
    return found


def _refuse_impossible_paths(found: list[InputObject]) -> None:
    files = {item.path for item in found}
    for item in found:
        parts = item.path.split("/")
        for part, what in (("", "//"), ("..", ".."), (".", "/./")):
            if part in parts:
                raise JobFailed(
                    f"ClientError: Data download failed:S3 key: {item.uri} has an illegal char sub-sequence "
                    f"'{what}' in it"
                )
        for length in range(1, len(parts)):
            if (above := "/".join(parts[:length])) in files:
                raise JobFailed(
                    f"ClientError: Data download failed:{item.uri} would lie in a folder {above}, which is "
                    "a file of this input"
                )
