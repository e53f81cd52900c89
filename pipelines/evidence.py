"""The evidence that a registered version carries: its report, fetched from S3. boto3 only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pipelines.registry import ModelVersion

REPORT = "report"


class ReportMissing(LookupError):
    """The version has no report, or S3 has it no more."""


def fetch_report(s3: Any, version: ModelVersion, folder: Path) -> Path:
    """Copy the version's report into the folder; the file. Raises ReportMissing."""
    uri = version.metadata.get(REPORT, "")
    if not uri.startswith("s3://"):
        raise ReportMissing(f"version {version.version} was registered without a report")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"version-{version.version}.html"
    part = path.with_suffix(".part")
    try:
        s3.download_file(bucket, key, str(part))
    except ClientError as error:
        part.unlink(missing_ok=True)
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket"):
            raise ReportMissing(f"the report of version {version.version} is no more at {uri}") from error
        raise
    part.replace(path)
    return path
