"""Objects below a prefix of S3, by name from a point on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from model_monitor.stored import ABSENT, split_uri


def listed(s3: Any, place: str, after: str) -> Iterator[Mapping[str, Any]]:
    """The items below s3://bucket/prefix/ whose names there come after `after`; none without the bucket."""
    bucket, prefix = split_uri(f"{place.rstrip('/')}/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, StartAfter=f"{prefix}{after}")
    try:
        for page in pages:
            yield from page.get("Contents", ())
    except ClientError as error:
        if error.response["Error"]["Code"] not in ABSENT:
            raise
