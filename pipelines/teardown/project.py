"""A SageMaker project made of seed_code/template.yml: its stack, what was made in its names, and what the stack keeps.

Bucket, key and model package group outlive the stack. The group goes last: by it the project is found again where a
teardown has to be taken up after its stack is gone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from pipelines.session import Target
from pipelines.stacks import Stack, StackMissing, all_stacks, delete_stack, find_stack
from pipelines.teardown.item import Item
from pipelines.teardown.missing import Sleep, is_missing, unless_missing, wait_until
from pipelines.teardown.scope import Scope, made_in, registered_in
from pipelines.teardown.storage import whole_bucket
from seed_code.project import stack_name

# SageMaker's own tags, and its parameters of a template
NAME_TAG, ID_TAG = "sagemaker:project-name", "sagemaker:project-id"
NAME, ID = "SageMakerProjectName", "SageMakerProjectId"
# a parameter of seed_code/template.yml alone: the stacks that it nests may have the two above, too
OF_THE_ROOT = "SafeguardsCodeKey"
# how long a key waits to be deleted: the shortest there is, in days
PENDING_DAYS = 7
NO_KEY = frozenset({"ServerSideEncryptionConfigurationNotFoundError", "AccessDenied"})


@dataclass(frozen=True)
class ProjectThere:
    """A project that is there, or what is left of it: `stack` is None where that is gone."""

    name: str
    id: str
    stack: str | None

    @property
    def bucket(self) -> str:
        return f"sagemaker-project-{self.id}"

    @property
    def scope(self) -> Scope:
        """The names that the template gives."""
        name = self.name
        pipelines = (f"{name}-training", f"{name}-deployment")
        return Scope(f"{name}-endpoint", f"{name}-{self.id}", pipelines, f"{name}-training", f"s3://{self.bucket}/")


def find_project(target: Target, name: str) -> ProjectThere:
    """By its stack, else by the group that it leaves. Raises StackMissing, ClientError."""
    for stack in all_stacks(target.client("cloudformation")):
        if OF_THE_ROOT in stack.parameters and stack.parameters.get(NAME) == name:
            return ProjectThere(name, stack.parameters[ID], stack.name)
    project_id = _id_of_the_group(target.client("sagemaker"), name)
    if project_id is None:
        raise StackMissing(f"no project {name}: no stack of seed_code/template.yml is of it, nor a model package group")
    return ProjectThere(name, project_id, None)


def find_all_of(
    target: Target, project: ProjectThere, *, data: bool, buckets: bool, sleep: Sleep = time.sleep
) -> list[Item]:
    """What there is to remove; asks and changes nothing.

    `data`: the project's bucket, which is its alone, with all versions. `buckets`: the workflow's pictures as well, and
    then the key that both were encrypted with.
    """
    place = replace(target, bucket=project.bucket)
    key = _key_of(place.client("s3"), project.bucket)
    pictures = _others_with(place.client("s3"), key, project.bucket) if key else []
    return [
        *_stack(place, project, sleep),
        *made_in(place, project.scope, sleep),
        *(_buckets(place, [project.bucket, *(pictures if buckets else [])]) if data else ()),
        *(_key(place, key) if key and data and (buckets or not pictures) else ()),
        *registered_in(place, project.scope),
    ]


def _stack(target: Target, project: ProjectThere, sleep: Sleep) -> Iterator[Item]:
    """The stack with those that it nests: rules, roles, functions, the build. One that SageMaker made, it deletes."""
    if project.stack is None:
        return
    stack, cloudformation = project.stack, target.client("cloudformation")
    if stack == stack_name(project.name):
        yield Item("stack", stack, lambda: _delete_stack(cloudformation, stack, sleep), "with those that it nests")
        return
    sagemaker = target.client("sagemaker")

    def delete() -> None:
        unless_missing(lambda: sagemaker.delete_project(ProjectName=project.name))
        wait_until(lambda: _is_gone(find_stack(cloudformation, stack)), f"stack {stack}", sleep)

    yield Item("SageMaker project", project.name, delete, f"with its stack {stack}")


def _delete_stack(cloudformation: Any, stack: str, sleep: Sleep) -> None:
    try:
        delete_stack(cloudformation, stack, sleep=sleep)
    except StackMissing:
        return


def _is_gone(stack: Stack | None) -> bool:
    return stack is None


def _buckets(target: Target, names: list[str]) -> Iterator[Item]:
    s3 = target.client("s3")
    for name in names:
        try:
            s3.head_bucket(Bucket=name)
        except ClientError as error:
            if not is_missing(error):
                raise
            continue
        yield whole_bucket(s3, name)


def _key(target: Target, arn: str) -> Iterator[Item]:
    if target.name == "local":
        # there is no KMS: a key is a name there, and costs nothing
        return
    kms = target.client("kms")
    if kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion":
        return

    def delete() -> None:
        unless_missing(lambda: kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=PENDING_DAYS))

    yield Item("key", arn, delete, f"in {PENDING_DAYS} days; until then it can be had back")


def _key_of(s3: Any, bucket: str) -> str | None:
    """The customer managed key that a bucket's objects are encrypted with; None also where there is no such bucket."""
    try:
        found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except ClientError as error:
        if is_missing(error) or error.response["Error"]["Code"] in NO_KEY:
            return None
        raise
    keys = (rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for rule in found)
    return next((str(key) for key in keys if key), None)


def _others_with(s3: Any, key: str, bucket: str) -> list[str]:
    """The other buckets that are encrypted with it: that of the workflow's pictures."""
    pages = s3.get_paginator("list_buckets").paginate()
    names = [one["Name"] for page in pages for one in page.get("Buckets", [])]
    return [name for name in names if name != bucket and _key_of(s3, name) == key]


def _id_of_the_group(sagemaker: Any, project: str) -> str | None:
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=project)
    for group in [one for page in pages for one in page["ModelPackageGroupSummaryList"]]:
        tags = {
            tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
        }
        if tags.get(NAME_TAG) == project and group["ModelPackageGroupName"] == f"{project}-{tags.get(ID_TAG)}":
            return tags[ID_TAG]
    return None
