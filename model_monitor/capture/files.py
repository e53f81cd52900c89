"""Which capture files a window of time needs, in S3 or in a folder, and their blocks of bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

BLOCK_BYTES = 256 * 1024
# How far a record may lie from what its file's name says: a file bears the time of its first record
# on one service's side and of its writing on another's.
SLACK = timedelta(minutes=10)
HOUR = timedelta(hours=1)
_YEAR = re.compile(r"\d{4}/$")
_TIMED = re.compile(r"(?:^|/)(\d{4})/(\d\d)/(\d\d)/(\d\d)/(?:(\d\d)-(\d\d)-(\d{3})-)?[^/]*$")


class CaptureMissing(LookupError):
    """The bucket or the folder does not exist; that there are no records in it is no error."""


@dataclass(frozen=True)
class Window:
    """From `start` on and before `end`, both aware. Raises ValueError for an empty one or times without zone."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("the window's start and end need a time zone, for example datetime.now(timezone.utc)")
        if self.start >= self.end:
            raise ValueError(f"the window's start {self.start} is not before its end {self.end}")

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def may_hold(self, key: str) -> bool:
        """Whether the file may have records of the window; one whose key tells no hour may."""
        span = _span(key)
        return span is None or (span[0] - SLACK < self.end and self.start < span[1] + SLACK)


@dataclass(frozen=True)
class CaptureFile:
    """One JSON-lines file. `blocks` opens it; it raises FileNotFoundError if it has gone meanwhile."""

    name: str
    blocks: Callable[[], Iterator[bytes]]

    @property
    def order(self) -> tuple[datetime, str]:
        """By time and not by variant; what tells no hour comes first."""
        span = _span(self.name)
        return (span[0] if span else datetime.min.replace(tzinfo=timezone.utc), self.name)


def _span(key: str) -> tuple[datetime, datetime] | None:
    """The time that a key names: an instant, or a whole hour where only its folders tell. None if it tells none."""
    found = _TIMED.search(key)
    if found is None:
        return None
    *hour, minute, second, milliseconds = found.groups()
    try:
        start = datetime(*map(int, hour), tzinfo=timezone.utc)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    if minute is None or int(minute) > 59 or int(second) > 59:
        return start, start + HOUR
    instant = start + timedelta(minutes=int(minute), seconds=int(second), milliseconds=int(milliseconds))
    return instant, instant


def folder_files(folder: Path, window: Window | None) -> list[CaptureFile]:
    """The folder's *.jsonl files, at any depth, in order of time. Raises CaptureMissing."""
    if not folder.is_dir():
        raise CaptureMissing(f"{folder} is no folder; give the one that holds captured data")

    def opened(path: Path) -> Callable[[], Iterator[bytes]]:
        def blocks() -> Iterator[bytes]:
            with path.open("rb") as file:
                while block := file.read(BLOCK_BYTES):
                    yield block

        return blocks

    files = [CaptureFile(path.relative_to(folder).as_posix(), opened(path)) for path in folder.rglob("*.jsonl")]
    return _chosen(files, window)


def s3_files(s3: Any, uri: str, window: Window | None) -> list[CaptureFile]:
    """The *.jsonl objects under s3://bucket/prefix, in order of time; only the window's days are listed.

    Raises ValueError for another URI, CaptureMissing for a bucket that does not exist.
    """
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise ValueError(f"{uri} is no S3 URI; give s3://BUCKET/PREFIX/ENDPOINT")
    prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""

    def opened(key: str) -> Callable[[], Iterator[bytes]]:
        def blocks() -> Iterator[bytes]:
            try:
                body = s3.get_object(Bucket=bucket, Key=key)["Body"]
            except s3.exceptions.NoSuchKey:
                raise FileNotFoundError(f"s3://{bucket}/{key}") from None
            with body:
                yield from body.iter_chunks(BLOCK_BYTES)

        return blocks

    try:
        keys = list(_keys(s3, bucket, prefix, window))
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            raise CaptureMissing(f"bucket {bucket} does not exist; give where the endpoint captures to") from None
        raise
    return _chosen([CaptureFile(f"s3://{bucket}/{key}", opened(key)) for key in keys], window)


def _keys(s3: Any, bucket: str, prefix: str, window: Window | None) -> Iterator[str]:
    """Down to the folders of years level by level, then one listing that begins and ends with the window."""
    if window is None:
        yield from (key for key in _listed(s3, bucket, prefix) if key.endswith(".jsonl"))
        return
    folders = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
        folders += [each["Prefix"] for each in page.get("CommonPrefixes", ())]
        yield from (each["Key"] for each in page.get("Contents", ()) if each["Key"].endswith(".jsonl"))
    if not any(_YEAR.search(folder) for folder in folders):
        for folder in folders:
            yield from _keys(s3, bucket, folder, window)
        return
    first, last = ((moment.astimezone(timezone.utc)) for moment in (window.start - SLACK - HOUR, window.end + SLACK))
    for key in _listed(s3, bucket, prefix, after=f"{prefix}{first:%Y/%m/%d/%H}"):
        if key > f"{prefix}{last:%Y/%m/%d/%H}/~":
            return
        if key.endswith(".jsonl"):
            yield key


def _listed(s3: Any, bucket: str, prefix: str, after: str = "") -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, StartAfter=after):
        yield from (each["Key"] for each in page.get("Contents", ()))


def _chosen(files: list[CaptureFile], window: Window | None) -> list[CaptureFile]:
    wanted = files if window is None else [file for file in files if window.may_hold(file.name)]
    return sorted(wanted, key=lambda file: file.order)
