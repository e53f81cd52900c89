"""The new images of one moment, as an execution is given them: they stay when the folder that they are of changes.

docs/decisions/0012-new-images.md says why they are copied. boto3 only.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from pipelines.names import CLASSES
from pipelines.pictures import CONTENT_TYPES
from pipelines.source_code import object_exists

AT_A_TIME = 8
MOST_TRIES = 3
# processing/new_images.py takes no more
MOST_PICTURES = 50_000
MANIFEST = "manifest.json"
# what was listed was written over or deleted before it was copied
CHANGED = frozenset({"PreconditionFailed", "412", "NoSuchKey", "404"})


class NewImagesRefused(ValueError):
    """The new images are not in the form that a training takes; the message says which, and what to do."""


@dataclass(frozen=True)
class Snapshot:
    """`uri` is a prefix that holds CLASS/… and the manifest; `counts` are the pictures by class."""

    uri: str
    counts: Mapping[str, int]

    @property
    def told(self) -> str:
        """In one line."""
        return f"new images: {', '.join(f'{count} {name}' for name, count in self.counts.items())}, as {self.uri}"


@dataclass(frozen=True)
class Source:
    """A picture to copy: `file` is its place below the source, CLASS/…"""

    file: str
    etag: str
    bytes: int


def take_snapshot(s3: Any, bucket: str, source: str, snapshots: str) -> Snapshot | None:
    """Copy the pictures of SOURCE/CLASS/… to SNAPSHOTS/<digest>/CLASS/…; None where there are none.

    The digest is of names and ETags: pictures that did not change have the snapshot that they had, nothing is copied,
    and a step finds its result in the cache. The manifest comes last: where it is, all are. Files that are no .png,
    .jpg or .jpeg by their names are left where they are. Raises NewImagesRefused (a folder that is no class's, a
    picture in none, too many), ClientError.
    """
    for _ in range(MOST_TRIES):
        found = _sources(s3, bucket, source)
        if not found:
            return None
        place = f"{snapshots}/{_digest(found)}"
        counts = Counter(one.file.partition("/")[0] for one in found)
        taken = Snapshot(f"s3://{bucket}/{place}", {name: counts[name] for name in CLASSES})
        if object_exists(s3, bucket, f"{place}/{MANIFEST}"):
            return taken
        if _copied(s3, bucket, source, place, found):
            _write_manifest(s3, bucket, source, place, found)
            return taken
    raise NewImagesRefused(
        f"s3://{bucket}/{source} was changed while it was copied, {MOST_TRIES} times: try again when it rests"
    )


def _sources(s3: Any, bucket: str, source: str) -> list[Source]:
    """In the order of their names."""
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{source}/"):
        for item in page.get("Contents", []):
            file = item["Key"].removeprefix(f"{source}/")
            if PurePosixPath(file).suffix.lower() in CONTENT_TYPES:
                _check(file.split("/"), f"s3://{bucket}/{item['Key']}")
                found.append(Source(file, item["ETag"], item["Size"]))
    if len(found) > MOST_PICTURES:
        raise NewImagesRefused(f"s3://{bucket}/{source} has {len(found)} pictures: at most {MOST_PICTURES} are taken")
    return sorted(found, key=lambda one: one.file)


def _check(parts: list[str], uri: str) -> None:
    if len(parts) < 2:
        raise NewImagesRefused(f"{uri} lies in no class's folder: move it to {' or '.join(CLASSES)}")
    if parts[0] not in CLASSES:
        raise NewImagesRefused(f"{uri}: there is no class {parts[0]!r}, only {' and '.join(CLASSES)}: move it")
    if not {"", ".", ".."}.isdisjoint(parts):
        raise NewImagesRefused(f"{uri} cannot be the name of a file: give it another one")


def _digest(found: list[Source]) -> str:
    told = json.dumps([(one.file, one.etag) for one in found]).encode()
    return hashlib.sha256(told).hexdigest()[:32]


def _copied(s3: Any, bucket: str, source: str, place: str, found: list[Source]) -> bool:
    """Whether all could be copied as they had been listed."""

    def copy(one: Source) -> bool:
        try:
            s3.copy_object(
                Bucket=bucket,
                Key=f"{place}/{one.file}",
                CopySource={"Bucket": bucket, "Key": f"{source}/{one.file}"},
                CopySourceIfMatch=one.etag,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in CHANGED:
                return False
            raise
        return True

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return all(pool.map(copy, found))


def _write_manifest(s3: Any, bucket: str, source: str, place: str, found: list[Source]) -> None:
    pictures = [{"file": one.file, "etag": one.etag.strip('"'), "bytes": one.bytes} for one in found]
    document = {"source": f"s3://{bucket}/{source}", "pictures": pictures}
    body = (json.dumps(document, indent=1) + "\n").encode()
    s3.put_object(Bucket=bucket, Key=f"{place}/{MANIFEST}", Body=body, ContentType="application/json")
