"""Changes of a model package after its registration: approval, metadata, specifications, life cycle."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.operations.containers import check_specification
from local_aws.sagemaker.operations.model_packages import KIND, find_package
from local_aws.sagemaker.store import Record

REPLACED = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelPackageRegistrationType",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)
MOST_METADATA = 50
MOST_ADDITIONAL_SPECIFICATIONS = 15


@operation("UpdateModelPackage")
def update_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    package = find_package(context, request["ModelPackageArn"])
    if "ModelApprovalStatus" in request and "ModelPackageVersion" not in package.body:
        raise ValidationException(f"ModelPackage {package.arn} has no approval status: it is not in a group.")
    changes: dict[str, Any] = {member: request[member] for member in REPLACED if member in request}
    if "InferenceSpecification" in request:
        changes["InferenceSpecification"] = check_specification(context, request["InferenceSpecification"])
    added = [check_specification(context, one) for one in request.get("AdditionalInferenceSpecificationsToAdd", [])]
    moment = context.now()

    def apply(record: Record) -> tuple[str | None, dict[str, Any]]:
        body = {**record.body, **changes, "LastModifiedTime": moment, "LastModifiedBy": {}}
        _set_unless_empty(body, "CustomerMetadataProperties", _metadata(record, request))
        _set_unless_empty(body, "AdditionalInferenceSpecifications", _specifications(record, added))
        return record.status, body

    return {"ModelPackageArn": context.store.edit(KIND, package.name, apply).arn}


def _metadata(record: Record, request: dict[str, Any]) -> dict[str, str]:
    removed = request.get("CustomerMetadataPropertiesToRemove", [])
    given = request.get("CustomerMetadataProperties", {})
    metadata = {**record.body.get("CustomerMetadataProperties", {}), **given}
    metadata = {key: value for key, value in metadata.items() if key not in removed}
    if len(metadata) > MOST_METADATA:
        raise ValidationException(
            f"ModelPackage {record.arn} would have {len(metadata)} CustomerMetadataProperties; "
            f"it can have at most {MOST_METADATA}."
        )
    return metadata


def _specifications(record: Record, added: list[dict[str, Any]]) -> list[dict[str, Any]]:
    specifications = [*record.body.get("AdditionalInferenceSpecifications", []), *added]
    names = [one["Name"] for one in specifications]
    if len(set(names)) < len(names):
        raise ValidationException(f"ModelPackage {record.arn} would have two inference specifications of one name.")
    if len(names) > MOST_ADDITIONAL_SPECIFICATIONS:
        raise ValidationException(
            f"ModelPackage {record.arn} would have {len(names)} AdditionalInferenceSpecifications; "
            f"it can have at most {MOST_ADDITIONAL_SPECIFICATIONS}."
        )
    return specifications


def _set_unless_empty(body: dict[str, Any], member: str, value: Any) -> None:
    if value:
        body[member] = value
    else:
        body.pop(member, None)
