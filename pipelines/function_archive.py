"""The code of Lambda functions, on its way to S3 under a name made from its content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from pipelines.source_code import object_exists, tree_digest

CODE_PREFIX = "scones/functions"
# zip's own beginning of time
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def stage_archive(s3: Any, bucket: str, name: str, files: Mapping[str, bytes]) -> str:
    """Uploads the files as one archive under a key made from their content, if it is not there yet; the key."""
    key = f"{CODE_PREFIX}/{name}/{tree_digest(files)}.zip"
    if not object_exists(s3, bucket, key):
        s3.put_object(Bucket=bucket, Key=key, Body=deterministic_zip(files))
    return key


def deterministic_zip(files: Mapping[str, bytes]) -> bytes:
    """A zip archive whose bytes depend on nothing but names and contents."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, date_time=ZIP_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            # Lambda runs as another user than the owner: readable for all
            member.external_attr = 0o644 << 16
            zipped.writestr(member, files[name])
    return archive.getvalue()
