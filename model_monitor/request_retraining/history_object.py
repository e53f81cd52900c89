"""The history's place in S3: read with its ETag, and replaced only where it is still what was read.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import ClientError

from .aws import Aws, error_code
from .decision import History
from .history_document import HistoryDamaged, read, write

MISSING = frozenset({"NoSuchKey", "404"})
# another one was faster: it changed the object, deleted it, or is writing it at this moment
OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404"})


class Overtaken(RuntimeError):
    """Somebody else wrote the history after it was read: read it again."""


@dataclass(frozen=True)
class Kept:
    """The history, and the ETag of its object, None where there is none. `damage` says why an object was no history."""

    history: History
    etag: str | None
    damage: str | None = None


@dataclass(frozen=True)
class HistoryObject:
    """The object of one bucket and key."""

    aws: Aws
    bucket: str
    key: str

    def read(self, now: datetime) -> Kept:
        """What is there. A damaged object is set aside beside it, and counts as no history."""
        aws = self.aws
        try:
            found = aws.s3.get_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if error_code(error) in MISSING:
                return Kept(History(), None)
            raise
        content, etag = found["Body"].read(), str(found["ETag"])
        try:
            return Kept(read(content, now), etag)
        except HistoryDamaged as damage:
            aside = self.aside(etag)
            aws.s3.put_object(Bucket=self.bucket, Key=aside, Body=content)
            return Kept(History(), etag, f"s3://{self.bucket}/{self.key}: {damage}; kept as {aside}")

    def aside(self, etag: str) -> str:
        """The key that a damaged object is kept under: the same one for the same content."""
        return f"{self.key.removesuffix('.json')}.damaged-{etag.strip(chr(34))}.json"

    def replace(self, etag: str | None, history: History) -> str:
        """Write over the object of this ETag, or where there was none; the new ETag. Raises Overtaken."""
        aws = self.aws
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        try:
            written = aws.s3.put_object(
                Bucket=self.bucket, Key=self.key, Body=write(history), ContentType="application/json", **condition
            )
        except ClientError as error:
            if error_code(error) in OVERTAKEN:
                raise Overtaken(f"s3://{self.bucket}/{self.key} was written by somebody else") from error
            raise
        return str(written["ETag"])
