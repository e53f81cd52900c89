"""Images in S3: asked for once, measured and recognised before their bytes are read."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_bytes import HEADER_BYTES, content_type_of

# InvokeEndpoint's limit for the body (sagemaker-runtime API reference)
ENDPOINT_LIMIT_BYTES = 6 * 1024 * 1024
ABSENT = ("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404", "NotFound")
REFUSED = ("AccessDenied", "InvalidObjectState", "403", "Forbidden", "InvalidBucketName")


class ImageNotFound(LookupError):
    """No object of that key, or no such bucket."""


class ImageChanged(LookupError):
    """The object was replaced while it was on its way through the workflow."""


class ImageNotReadable(PermissionError):
    """The object may not be read, or has to be restored from an archive first."""


class ImageTooLarge(ValueError):
    """More bytes than an endpoint takes."""


class StorageUnavailable(ConnectionError):
    """S3 could not answer now; asking again may help."""


@dataclass(frozen=True)
class StoredImage:
    """An image in S3. `data` is None when it was larger than what the caller would take in. `size` is in bytes."""

    size: int
    etag: str
    content_type: str
    data: bytes | None


def fetch_image(s3: Any, bucket: str, key: str, take_in: int, etag: str | None = None) -> StoredImage:
    """Read the object when it has at most `take_in` bytes, else only its beginning.

    With `etag`, only the object that still has this entity tag is read. Raises ImageNotFound, ImageChanged,
    ImageNotReadable, ImageTooLarge, NotAnImage and StorageUnavailable.
    """
    source = f"s3://{bucket}/{key}"
    condition = {"IfMatch": etag} if etag else {}
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, **condition)
        size = int(answer["ContentLength"])
        with closing(answer["Body"]) as body:
            if size > ENDPOINT_LIMIT_BYTES:
                raise ImageTooLarge(f"{source} has {size} bytes; an endpoint takes {ENDPOINT_LIMIT_BYTES} at most")
            data = body.read() if size <= take_in else body.read(HEADER_BYTES)
    except ClientError as error:
        raise _named(error, source) from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"{source}: {error}") from error
    content_type = content_type_of(data, source)
    return StoredImage(size, answer["ETag"], content_type, data if size <= take_in else None)


def _named(error: ClientError, source: str) -> Exception:
    code = str(error.response["Error"].get("Code", ""))
    message = error.response["Error"].get("Message", "")
    if code in ABSENT:
        return ImageNotFound(f"{source}: {code}: {message}")
    if code in ("PreconditionFailed", "412"):
        return ImageChanged(f"{source} was replaced while it was being classified; start anew")
    if code in REFUSED:
        return ImageNotReadable(f"{source}: {code}: {message}")
    return StorageUnavailable(f"{source}: {code}: {message}")
