"""Small files of the monitor in S3: read whole, and JSON checked to be what it says. boto3 only."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
# a baseline of ten thousand features is smaller
LARGEST_BYTES = 64 * 1024 * 1024


class StoredFileMissing(LookupError):
    """There is no such object in S3."""


class StoredFileDamaged(ValueError):
    """An object in S3 is not what it should be; the message says how."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key. Raises StoredFileDamaged for what is no s3:// URI of an object."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise StoredFileDamaged(f"{uri!r} is no place in S3: s3://bucket/key is wanted")
    return bucket, key


def read_bytes(s3: Any, uri: str) -> bytes:
    """Raises StoredFileMissing; StoredFileDamaged for one of more than 64 MB."""
    bucket, key = split_uri(uri)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            raise StoredFileMissing(f"there is nothing at {uri}") from error
        raise
    if answer["ContentLength"] > LARGEST_BYTES:
        raise StoredFileDamaged(f"{uri} has {answer['ContentLength']} bytes: at most {LARGEST_BYTES} are read")
    body: bytes = answer["Body"].read()
    return body


def read_object(s3: Any, uri: str) -> dict[str, Any]:
    """A JSON object. Raises StoredFileMissing, StoredFileDamaged."""
    try:
        found = json.loads(read_bytes(s3, uri))
    except (ValueError, RecursionError) as error:
        if isinstance(error, StoredFileDamaged):
            raise
        raise StoredFileDamaged(f"{uri} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise StoredFileDamaged(f"{uri} holds no JSON object")
    return found


def write_object(s3: Any, uri: str, value: dict[str, Any], kms_key: str | None = None) -> None:
    """Write JSON, encrypted with the key if there is one."""
    write_bytes(s3, uri, (json.dumps(value, indent=2) + "\n").encode(), kms_key)


def write_bytes(s3: Any, uri: str, body: bytes, kms_key: str | None = None) -> None:
    bucket, key = split_uri(uri)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    s3.put_object(Bucket=bucket, Key=key, Body=body, **encryption)
