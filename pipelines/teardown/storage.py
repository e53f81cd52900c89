"""Log groups, objects and buckets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from pipelines.teardown.item import Item
from pipelines.teardown.missing import is_missing, unless_missing

BATCH = 1000  # what DeleteObjects takes
KeyTest = Callable[[str], bool]


class NotDeleted(RuntimeError):
    """S3 kept some of the objects; the message has the first reason."""


def log_groups(logs: Any, names: list[str]) -> Iterator[Item]:
    """Log groups of exactly these names; those of functions go with their stacks."""
    for name in names:
        found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        if name not in {one["logGroupName"] for one in found}:
            continue

        def delete(name: str = name) -> None:
            unless_missing(lambda: logs.delete_log_group(logGroupName=name))

        yield Item("log group", name, delete)


def objects(s3: Any, bucket: str, prefixes: tuple[str, ...], pattern: str | None = None) -> Iterator[Item]:
    """Objects below each prefix, with all their versions; with a pattern, those alone whose key it matches."""
    belongs: KeyTest = re.compile(pattern).fullmatch if pattern else lambda key: True  # type: ignore[assignment]
    for prefix in prefixes:
        if next(_versions(s3, bucket, prefix, belongs), None) is None:
            continue

        def delete(prefix: str = prefix) -> None:
            delete_versions(s3, bucket, _versions(s3, bucket, prefix, belongs))

        which = f", those of {pattern}" if pattern else ""
        yield Item("objects", f"s3://{bucket}/{prefix}", delete, f"with all versions{which}")


def whole_bucket(s3: Any, bucket: str) -> Item:
    """A bucket, with all that is in it."""

    def delete() -> None:
        unless_missing(lambda: delete_versions(s3, bucket, _versions(s3, bucket, "", lambda key: True)))
        unless_missing(lambda: s3.delete_bucket(Bucket=bucket))

    return Item("bucket", bucket, delete, "with all that is in it")


def retained_buckets(s3: Any, stack: str, logical_id: str) -> list[str]:
    """Buckets that CloudFormation made for a stack and kept, by its way of naming: stack-logicalid-<letters>."""
    form = re.compile(rf"{re.escape(stack.lower())}-{re.escape(logical_id.lower())}-[a-z0-9]+")
    pages = s3.get_paginator("list_buckets").paginate()
    return [one["Name"] for page in pages for one in page.get("Buckets", []) if form.fullmatch(one["Name"])]


def delete_versions(s3: Any, bucket: str, versions: Iterator[dict[str, str]]) -> None:
    """Raises NotDeleted."""
    found = list(versions)
    for start in range(0, len(found), BATCH):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": found[start : start + BATCH], "Quiet": True})
        errors = answer.get("Errors", [])
        if errors:
            first = errors[0]
            raise NotDeleted(f"{len(errors)} objects stay, such as {first['Key']}: {first['Code']} {first['Message']}")


def _versions(s3: Any, bucket: str, prefix: str, belongs: KeyTest) -> Iterator[dict[str, str]]:
    """Key and version of everything below the prefix, markers of deletion too; nothing where there is no bucket."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    try:
        for page in pages:
            for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                if belongs(one["Key"]):
                    yield {"Key": one["Key"], "VersionId": one["VersionId"]}
    except ClientError as error:
        if not is_missing(error):
            raise
