"""Reading the model registry: the versions of a model package group, newest first. boto3 only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

NO_CLASSES = "does not say what its classes are (metadata `classes`: bicycle motorcycle)"


class ModelPackageGroupMissing(LookupError):
    """No model package group of that name."""


class ModelVersionMissing(LookupError):
    """No such model package."""


class ClassesUnknown(LookupError):
    """A package without the names of its classes."""


@dataclass(frozen=True)
class ModelVersion:
    """One registered model: status is SageMaker's ModelPackageStatus, approval_status its
    ModelApprovalStatus.

    `accuracy` (0 to 1) and `metadata` are what the training pipeline wrote into CustomerMetadataProperties;
    `accuracy` is None for a package that someone else registered. `reason` is SageMaker's ApprovalDescription.
    """

    version: int
    arn: str
    status: str
    approval_status: str
    accuracy: float | None
    created: datetime
    description: str | None
    model_data_url: str | None
    metadata: Mapping[str, str]
    reason: str | None = None
    group: str | None = None


def list_versions(
    sagemaker_client: Any, group: str, *, approval_status: str | None = None, limit: int | None = None
) -> list[ModelVersion]:
    """The versions of a group, newest first; all pages are read, up to `limit` versions.

    Raises ModelPackageGroupMissing if the group does not exist.
    """
    versions: list[ModelVersion] = []
    for arn in _package_arns(sagemaker_client, group, approval_status):
        if limit is not None and len(versions) >= limit:
            break
        versions.append(describe_version(sagemaker_client, arn))
    return versions


def latest_version(sagemaker_client: Any, group: str, *, approval_status: str | None = None) -> ModelVersion | None:
    """The newest version, of the given approval status if one is given; None if there is none."""
    versions = list_versions(sagemaker_client, group, approval_status=approval_status, limit=1)
    return versions[0] if versions else None


def newest_approved(sagemaker_client: Any, group: str) -> ModelVersion | None:
    """The newest version that is approved and complete; None if there is none. Raises ModelPackageGroupMissing."""
    arns = _package_arns(sagemaker_client, group, "Approved")
    versions = (describe_version(sagemaker_client, arn) for arn in arns)
    return next((version for version in versions if version.status == "Completed"), None)


def describe_version(sagemaker_client: Any, arn: str) -> ModelVersion:
    """One model package by ARN. Raises ModelVersionMissing if there is none."""
    try:
        response = sagemaker_client.describe_model_package(ModelPackageName=arn)
    except ClientError as error:
        if _says_missing(error):
            raise ModelVersionMissing(f"no model package {arn}: list them with `scones models`") from error
        raise
    return _to_version(response)


def find_in_group(sagemaker_client: Any, group: str, wanted: str) -> ModelVersion:
    """The version of a group, by its number or its package's ARN. Raises ModelVersionMissing."""
    if wanted.isdigit():
        versions = {version.version: version for version in list_versions(sagemaker_client, group)}
        if int(wanted) in versions:
            return versions[int(wanted)]
        known = ", ".join(str(number) for number in versions) or "none"
        raise ModelVersionMissing(f"no version {wanted} in group {group}; there are: {known}")
    if not wanted.startswith("arn:"):
        raise ModelVersionMissing(
            f"{wanted!r} is neither the number of a version nor an ARN: list them with `scones models`"
        )
    version = describe_version(sagemaker_client, wanted)
    if version.group != group:
        raise ModelVersionMissing(f"{wanted} is of group {version.group or 'none'}, not of {group}")
    return version


def classes_of(sagemaker_client: Any, package_arn: str | None) -> tuple[str, ...]:
    """The classes that a package's answers are probabilities of, in their order, as its registration wrote them.

    Raises ClassesUnknown for a model that no package of this project's stands behind.
    """
    if not package_arn:
        raise ClassesUnknown(f"the model, which comes from no package, {NO_CLASSES}")
    return classes_in(describe_version(sagemaker_client, package_arn))


def classes_in(version: ModelVersion) -> tuple[str, ...]:
    """As `classes_of`, of a version at hand."""
    classes = tuple(version.metadata.get("classes", "").split())
    if not classes:
        raise ClassesUnknown(f"the package {version.arn} {NO_CLASSES}")
    return classes


def _package_arns(client: Any, group: str, approval_status: str | None) -> Iterator[str]:
    request: dict[str, Any] = {
        "ModelPackageGroupName": group,
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
    }
    if approval_status:
        request["ModelApprovalStatus"] = approval_status
    try:
        for page in client.get_paginator("list_model_packages").paginate(**request):
            yield from (summary["ModelPackageArn"] for summary in page["ModelPackageSummaryList"])
    except ClientError as error:
        if _says_missing(error):
            raise ModelPackageGroupMissing(
                f"no model package group {group}: it is created when the pipeline registers its first model"
            ) from error
        raise


def _says_missing(error: ClientError) -> bool:
    # SageMaker has ResourceNotFound for some kinds and, for packages and their groups, a ValidationException
    # with a text.
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    return code in {"ResourceNotFound", "ResourceNotFoundException"} or (
        code == "ValidationException" and "does not exist" in message
    )


def _to_version(response: Mapping[str, Any]) -> ModelVersion:
    metadata = dict(response.get("CustomerMetadataProperties", {}))
    containers = response.get("InferenceSpecification", {}).get("Containers", [])
    return ModelVersion(
        version=response.get("ModelPackageVersion", 0),
        arn=response["ModelPackageArn"],
        status=response["ModelPackageStatus"],
        approval_status=response.get("ModelApprovalStatus", ""),
        accuracy=_as_fraction(metadata.get("accuracy")),
        created=response["CreationTime"],
        description=response.get("ModelPackageDescription"),
        model_data_url=containers[0].get("ModelDataUrl") if containers else None,
        metadata=metadata,
        reason=response.get("ApprovalDescription"),
        group=response.get("ModelPackageGroupName"),
    )


def _as_fraction(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
