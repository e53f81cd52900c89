"""Model package groups: the shelf on which a model's versions stand."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ConflictException, ValidationException
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.store import Record, RecordExists, RecordNotFound

KIND = "ModelPackageGroup"
ARN_TYPE = "model-package-group"
KEPT = ("ModelPackageGroupName", "ModelPackageGroupDescription", "ManagedConfiguration")
# members of the body that Describe does not show
LAST_VERSION, POLICY = "LastVersion", "ResourcePolicy"

LIST_MODEL_PACKAGE_GROUPS = RecordListing(
    "ListModelPackageGroups",
    # there is one account only, so nothing is ever shared from another
    filters={"CrossAccountFilterOption": lambda _, option: option == "SameAccount"},
)


@operation("CreateModelPackageGroup")
def create_model_package_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["ModelPackageGroupName"]
    arn = context.arn(f"{ARN_TYPE}/{name}")
    body: dict[str, Any] = {member: request[member] for member in KEPT if member in request}
    body |= {"ModelPackageGroupArn": arn, "CreatedBy": {}, LAST_VERSION: 0}
    try:
        context.store.insert(KIND, name, arn, body, "Completed")
    except RecordExists as error:
        raise ValidationException(f"Model Package Group already exists: {arn}") from error
    keep_tags(context, arn, request)
    return {"ModelPackageGroupArn": arn}


@operation("DescribeModelPackageGroup")
def describe_model_package_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_group(context, request["ModelPackageGroupName"])
    shown = {member: value for member, value in record.body.items() if member not in (LAST_VERSION, POLICY)}
    return {**shown, "CreationTime": record.created, "ModelPackageGroupStatus": record.status}


@operation("ListModelPackageGroups")
def list_model_package_groups(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    groups = context.store.all(KIND)
    return LIST_MODEL_PACKAGE_GROUPS.answer(groups, request, "ModelPackageGroupSummaryList", _summary)


@operation("DeleteModelPackageGroup")
def delete_model_package_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = find_group(context, request["ModelPackageGroupName"])
    packages = context.store.all("ModelPackage")
    count = sum(package.body.get("ModelPackageGroupName") == group.name for package in packages)
    if count:
        raise ConflictException(
            f"Model Package Group {group.arn} cannot be deleted: it holds {count} model packages. Delete them first."
        )
    context.store.delete(KIND, group.name)
    return {}


@operation("PutModelPackageGroupPolicy")
def put_model_package_group_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _find_for_policy(context, request)
    context.store.update(KIND, group.name, **{POLICY: request["ResourcePolicy"]})
    return {"ModelPackageGroupArn": group.arn}


@operation("GetModelPackageGroupPolicy")
def get_model_package_group_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _find_for_policy(context, request)
    if not group.body.get(POLICY):
        raise ValidationException(f"Cannot find resource policy for: {group.arn}")
    return {"ResourcePolicy": group.body[POLICY]}


@operation("DeleteModelPackageGroupPolicy")
def delete_model_package_group_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _find_for_policy(context, request)
    if not group.body.get(POLICY):
        raise ValidationException(f"Cannot find resource policy for: {group.arn}")
    context.store.update(KIND, group.name, **{POLICY: None})
    return {}


def find_group(context: Context, name_or_arn: str) -> Record:
    """The group of this name or ARN. Raises ValidationException."""
    arn = name_or_arn if name_or_arn.startswith("arn:") else context.arn(f"{ARN_TYPE}/{name_or_arn}")
    try:
        record = context.store.find_arn(arn)
    except RecordNotFound as error:
        raise ValidationException(f"ModelPackageGroup {arn} does not exist.") from error
    if record.kind != KIND:
        raise ValidationException(f"ModelPackageGroup {arn} does not exist.")
    return record


def next_version(context: Context, group: Record) -> int:
    """A version number that no package of the group has or ever had; the first is 1."""

    def count_up(record: Record) -> tuple[str | None, dict[str, Any]]:
        return record.status, {**record.body, LAST_VERSION: record.body[LAST_VERSION] + 1}

    version: int = context.store.edit(KIND, group.name, count_up).body[LAST_VERSION]
    return version


def _find_for_policy(context: Context, request: dict[str, Any]) -> Record:
    name = request["ModelPackageGroupName"]
    try:
        return context.store.get(KIND, name)
    except RecordNotFound as error:
        raise ValidationException(f"Cannot find Model Package Group: {context.arn(f'{ARN_TYPE}/{name}')}") from error


def _summary(record: Record) -> dict[str, Any]:
    shown = (*KEPT, "ModelPackageGroupArn")
    summary = {member: record.body[member] for member in shown if member in record.body}
    return {**summary, "CreationTime": record.created, "ModelPackageGroupStatus": record.status}
