"""The services that the function speaks to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Aws:
    """boto3 clients. Every call is written `aws.<service>.<call>(…)`: the role's permissions are checked by that."""

    s3: Any
    events: Any
    sagemaker: Any


def connect() -> Aws:
    """Clients for the region and credentials that the function runs with."""
    import boto3

    return Aws(s3=boto3.client("s3"), events=boto3.client("events"), sagemaker=boto3.client("sagemaker"))


def error_code(error: Exception) -> str:
    """The service's own code of a botocore ClientError."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
