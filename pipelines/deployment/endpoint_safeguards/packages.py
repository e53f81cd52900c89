"""Whether a model package may be deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from .aws import Aws, error_code, error_message
from .errors import (
    ArtefactMissing,
    PackageMissing,
    PackageNotApproved,
    PackageNotCompleted,
    PackageOfAnotherGroup,
)

ABSENT = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchBucket"})


def require_deployable(aws: Aws, package_arn: str, group: str) -> None:
    """Raises PackageMissing, PackageOfAnotherGroup, PackageNotCompleted, PackageNotApproved, ArtefactMissing."""
    package = describe_package(aws, package_arn)
    check_package(package, package_arn, group)
    for uri in archives(package):
        _require_archive(aws, uri, package_arn)


def check_package(package: Mapping[str, Any], package_arn: str, group: str) -> None:
    """`package` is DescribeModelPackage's answer. Raises as `require_deployable` does."""
    belongs = package.get("ModelPackageGroupName")
    if belongs != group:
        raise PackageOfAnotherGroup(f"model package {package_arn} is of group {belongs or 'none'}, not of {group}")
    status = package["ModelPackageStatus"]
    if status != "Completed":
        raise PackageNotCompleted(f"model package {package_arn} is {status}, not Completed")
    approval = package.get("ModelApprovalStatus")
    if approval != "Approved":
        raise PackageNotApproved(f"model package {package_arn} is {approval}, not Approved")


def archives(package: Mapping[str, Any]) -> list[str]:
    """The S3 URIs of the package's model archives."""
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    return [container["ModelDataUrl"] for container in containers if container.get("ModelDataUrl")]


def describe_package(aws: Aws, package_arn: str) -> dict[str, Any]:
    """DescribeModelPackage's answer. Raises PackageMissing."""
    try:
        found: dict[str, Any] = aws.sagemaker.describe_model_package(ModelPackageName=package_arn)
    except ClientError as error:
        if error_code(error) in {"ValidationException", "ResourceNotFound"}:
            raise PackageMissing(f"no model package {package_arn}: {error_message(error)}") from error
        raise
    return found


def _require_archive(aws: Aws, uri: str, package_arn: str) -> None:
    place = urlsplit(uri)
    try:
        aws.s3.head_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    except ClientError as error:
        problem = "is missing" if error_code(error) in ABSENT else f"cannot be read ({error_message(error)})"
        raise ArtefactMissing(f"the model archive {uri} of {package_arn} {problem}") from error
