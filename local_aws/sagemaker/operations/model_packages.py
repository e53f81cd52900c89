"""Model packages: registered models, most of them versions of a group, for approvers to decide about."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.operations.client_tokens import made_before, remember
from local_aws.sagemaker.operations.containers import check_specification
from local_aws.sagemaker.operations.model_package_groups import find_group, next_version
from local_aws.sagemaker.operations.model_package_limits import refuse_unsupported
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.store import Record, RecordExists, RecordNotFound

KIND = "ModelPackage"
ARN_TYPE = "model-package"
NOT_KEPT = ("Tags", "ClientToken", "ModelPackageGroupName", "ModelPackageName")
SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
BATCH_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "InferenceSpecification",
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
)


def _is_of_type(package: Record, wanted: str) -> bool:
    return wanted == "Both" or (wanted == "Versioned") == ("ModelPackageVersion" in package.body)


LIST_MODEL_PACKAGES = RecordListing(
    "ListModelPackages",
    sort_keys={
        "CreationTime": lambda record: (record.created, record.body.get("ModelPackageVersion")),
        "Name": lambda record: (package_name(record), record.body.get("ModelPackageVersion")),
    },
    filters={
        "NameContains": lambda record, text: text in package_name(record),
        "ModelApprovalStatus": lambda record, status: record.body.get("ModelApprovalStatus") == status,
        "ModelPackageType": _is_of_type,
    },
    scope=("ModelPackageGroupName",),
)


@operation("CreateModelPackage")
def create_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    earlier = made_before(context, "CreateModelPackage", request)
    if earlier is not None:
        return {"ModelPackageArn": earlier}
    refuse_unsupported(request)
    body = _body(context, request)
    arn = _insert(context, *_identity(context, request), body)
    keep_tags(context, arn, request)
    remember(context, "CreateModelPackage", request, arn)
    return {"ModelPackageArn": arn}


@operation("DescribeModelPackage")
def describe_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_package(context, request["ModelPackageName"])
    response = {**record.body, "CreationTime": record.created, "ModelPackageStatus": record.status}
    if request.get("IncludedData") == "MetadataOnly" and "ModelCard" in response:
        response["ModelCard"] = {**response["ModelCard"], "ModelCardContent": "{}"}
    return response


@operation("ListModelPackages")
def list_model_packages(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    packages = context.store.all(KIND)
    if "ModelPackageGroupName" in request:
        group = find_group(context, request["ModelPackageGroupName"]).name
        packages = [package for package in packages if package.body.get("ModelPackageGroupName") == group]
    else:
        # as in the service: without a group, versions are listed only where the type asks for them
        request = {"ModelPackageType": "Unversioned", **request}
    return LIST_MODEL_PACKAGES.answer(packages, request, "ModelPackageSummaryList", _summary)


@operation("DeleteModelPackage")
def delete_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.store.delete(KIND, find_package(context, request["ModelPackageName"]).name)
    return {}


@operation("BatchDescribeModelPackage")
def batch_describe_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    failed: dict[str, Any] = {}
    for arn in request["ModelPackageArnList"]:
        try:
            found[arn] = _batch_summary(find_package(context, arn))
        except ValidationException as error:
            failed[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": failed}


def find_package(context: Context, name_or_arn: str) -> Record:
    """The package of an ARN, of a name, or of `group/version`. Raises ValidationException."""
    arn = name_or_arn if name_or_arn.startswith("arn:") else context.arn(f"{ARN_TYPE}/{name_or_arn}")
    try:
        record = context.store.find_arn(arn)
    except RecordNotFound as error:
        raise ValidationException(f"ModelPackage {arn} does not exist.") from error
    if record.kind != KIND:
        raise ValidationException(f"ModelPackage {arn} does not exist.")
    return record


def package_name(package: Record) -> str:
    """The name that lists filter and sort by: the group's for a version, else the package's own."""
    name: str = package.body.get("ModelPackageGroupName") or package.body["ModelPackageName"]
    return name


def _body(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    kept = {member: value for member, value in request.items() if member not in NOT_KEPT}
    if "InferenceSpecification" in kept:
        kept["InferenceSpecification"] = check_specification(context, kept["InferenceSpecification"])
    if "AdditionalInferenceSpecifications" in kept:
        more = kept["AdditionalInferenceSpecifications"]
        kept["AdditionalInferenceSpecifications"] = [check_specification(context, one) for one in more]
    return {
        "CertifyForMarketplace": False,
        **kept,
        "CreatedBy": {},
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
    }


def _identity(context: Context, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The record's name, and the members that say who the package is; a version's number is spent by this.

    Like the service's, the Describe response of a version has no ModelPackageName, although the model
    requires it.
    """
    if "ModelPackageName" in request:
        return request["ModelPackageName"], {"ModelPackageName": request["ModelPackageName"]}
    group = find_group(context, request["ModelPackageGroupName"])
    version = next_version(context, group)
    return f"{group.name}/{version}", {
        "ModelPackageGroupName": group.name,
        "ModelPackageVersion": version,
        "ModelApprovalStatus": "PendingManualApproval",
    }


def _insert(context: Context, name: str, identity: dict[str, Any], body: dict[str, Any]) -> str:
    arn = context.arn(f"{ARN_TYPE}/{name}")
    try:
        context.store.insert(KIND, name, arn, {**identity, **body, "ModelPackageArn": arn}, "Completed")
    except RecordExists as error:
        raise ValidationException(f"Model Package already exists: {arn}") from error
    return arn


def _summary(package: Record) -> dict[str, Any]:
    shown = {member: package.body[member] for member in SUMMARY if member in package.body}
    return {**shown, "CreationTime": package.created, "ModelPackageStatus": package.status}


def _batch_summary(package: Record) -> dict[str, Any]:
    """Raises ValidationException for a package that is no version, or has nothing to infer with."""
    for needed in ("ModelPackageGroupName", "InferenceSpecification"):
        if needed not in package.body:
            raise ValidationException(f"ModelPackage {package.arn} has no {needed}.")
    shown = {member: package.body[member] for member in BATCH_SUMMARY if member in package.body}
    return {**shown, "CreationTime": package.created, "ModelPackageStatus": package.status}
