"""S3 objects for the executing side, read and written in this process (the same ones that the API serves)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeKey, S3Backend


class ObjectNotFound(Exception):
    """The bucket or the key does not exist; the message is the service's own."""


@dataclass(frozen=True)
class S3Uri:
    """`s3://bucket/key`; the key may be a prefix or empty."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> S3Uri:
        """Raises ValueError for anything but an S3 URI with a bucket."""
        parts = urlsplit(text)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError(f"not an S3 URI: {text!r}")
        return cls(parts.netloc, text[len("s3://") + len(parts.netloc) :].lstrip("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class ObjectStore:
    """Objects by bucket and key. `changed` is called after every write, so that it can be made durable."""

    def __init__(self, backend: S3Backend, changed: Callable[[], None] = lambda: None) -> None:
        self._backend = backend
        self._changed = changed

    def keys(self, bucket: str, prefix: str = "") -> Iterator[str]:
        """The keys that begin with `prefix`, sorted as S3 lists them (by UTF-8 bytes). Raises ObjectNotFound."""
        try:
            found = self._backend.get_bucket(bucket).keys
        except MissingBucket as error:
            raise ObjectNotFound(f"The specified bucket does not exist: {bucket}") from error
        live = [name for name, key in list(found.items()) if name.startswith(prefix) and isinstance(key, FakeKey)]
        yield from sorted(live, key=lambda name: name.encode())

    def exists(self, bucket: str, key: str) -> bool:
        """Whether there is an object of exactly this key."""
        return self._find(bucket, key) is not None

    def size(self, bucket: str, key: str) -> int:
        """The object's size in bytes. Raises ObjectNotFound."""
        return int(self._get(bucket, key).contentsize)

    def etag(self, bucket: str, key: str) -> str:
        """The object's entity tag, without quotes. Raises ObjectNotFound."""
        return self._get(bucket, key).etag.strip('"')

    def read(self, bucket: str, key: str) -> bytes:
        """The object's content. Raises ObjectNotFound."""
        return self._get(bucket, key).value

    def write(self, bucket: str, key: str, content: bytes) -> None:
        """Create or replace an object. Raises ObjectNotFound where the bucket does not exist."""
        try:
            self._backend.put_object(bucket, key, content)
        except MissingBucket as error:
            raise ObjectNotFound(f"The specified bucket does not exist: {bucket}") from error
        self._changed()

    def download(self, bucket: str, key: str, path: Path) -> None:
        """Write the object to a file; its folders are made. Raises ObjectNotFound."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        try:
            partial.write_bytes(self.read(bucket, key))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def upload(self, path: Path, bucket: str, key: str) -> None:
        """Create or replace an object from a file. Raises ObjectNotFound where the bucket does not exist."""
        self.write(bucket, key, path.read_bytes())

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        if self._find(bucket, key) is not None:
            self._backend.delete_object(bucket, key)
            self._changed()

    def _find(self, bucket: str, key: str) -> FakeKey | None:
        try:
            found = self._backend.get_object(bucket, key)
        except MissingBucket:
            return None
        return found if isinstance(found, FakeKey) else None

    def _get(self, bucket: str, key: str) -> FakeKey:
        found = self._find(bucket, key)
        if found is None:
            raise ObjectNotFound(f"The specified key does not exist: s3://{bucket}/{key}")
        return found
