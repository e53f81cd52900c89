"""AWS::SageMaker::ModelPackageGroup."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.resources.base import (
    Clients,
    Made,
    Properties,
    ResourceType,
    change_tags,
    tags_of,
    taken_back_by,
)

POLICY = "ModelPackageGroupPolicy"
DESCRIPTION = "ModelPackageGroupDescription"


class ModelPackageGroup(ResourceType):
    """A group of the registry. One that holds packages cannot be deleted, as on the service."""

    type = "AWS::SageMaker::ModelPackageGroup"
    properties = frozenset({"ModelPackageGroupName", DESCRIPTION, POLICY, "Tags"})
    required = frozenset({"ModelPackageGroupName"})
    replacing = frozenset({"ModelPackageGroupName", DESCRIPTION})
    inert = frozenset({POLICY})
    named_by = "ModelPackageGroupName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        sagemaker, group = clients("sagemaker"), wanted["ModelPackageGroupName"]
        request: dict[str, Any] = {"ModelPackageGroupName": group, "Tags": _tags(tags_of(wanted))}
        if DESCRIPTION in wanted:
            request[DESCRIPTION] = wanted[DESCRIPTION]
        arn = sagemaker.create_model_package_group(**request)["ModelPackageGroupArn"]
        with taken_back_by(lambda: self.delete(clients, arn, wanted)):
            _put_policy(sagemaker, group, {}, wanted)
        return _made(sagemaker, group)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        sagemaker, group = clients("sagemaker"), wanted["ModelPackageGroupName"]
        _put_policy(sagemaker, group, before, wanted)
        change_tags(
            before,
            wanted,
            lambda tags: sagemaker.add_tags(ResourceArn=physical_id, Tags=_tags(tags)),
            lambda keys: sagemaker.delete_tags(ResourceArn=physical_id, TagKeys=keys),
        )
        return _made(sagemaker, group)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        try:
            clients("sagemaker").delete_model_package_group(ModelPackageGroupName=properties["ModelPackageGroupName"])
        except ClientError as error:
            if "does not exist" not in error.response["Error"]["Message"]:
                raise


def _put_policy(sagemaker: Any, group: str, before: Properties, wanted: Properties) -> None:
    if POLICY in wanted:
        policy = wanted[POLICY]
        text = policy if isinstance(policy, str) else json.dumps(policy)
        sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=text)
    elif POLICY in before:
        sagemaker.delete_model_package_group_policy(ModelPackageGroupName=group)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _made(sagemaker: Any, group: str) -> Made:
    found = sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    arn = found["ModelPackageGroupArn"]
    attributes = {
        "ModelPackageGroupArn": arn,
        "ModelPackageGroupStatus": found["ModelPackageGroupStatus"],
        "CreationTime": found["CreationTime"].isoformat(),
    }
    return Made(arn, attributes)
