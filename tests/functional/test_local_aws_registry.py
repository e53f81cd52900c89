"""The model registry as people and pipelines use it: groups, versions, approval, what is refused."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"


@pytest.fixture
def sagemaker(local_aws: Any) -> Any:
    return local_aws.client("sagemaker")


@pytest.fixture
def group(sagemaker: Any) -> str:
    name = f"group-{uuid.uuid4().hex[:12]}"
    sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="Vehicles, größer")
    return name


@pytest.fixture
def artefact(local_aws: Any) -> str:
    local_aws.client("s3").put_object(Bucket=local_aws.bucket, Key="registry/model.tar.gz", Body=b"weights")
    return f"s3://{local_aws.bucket}/registry/model.tar.gz"


def specification(artefact: str, **environment: str) -> dict[str, Any]:
    container: dict[str, Any] = {"Image": IMAGE, "ModelDataUrl": artefact}
    if environment:
        container["Environment"] = environment
    return {
        "Containers": [container],
        "SupportedContentTypes": ["image/png"],
        "SupportedResponseMIMETypes": ["application/json"],
    }


def register(sagemaker: Any, group: str, artefact: str, **more: Any) -> str:
    response = sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=specification(artefact), **more
    )
    return str(response["ModelPackageArn"])


def refusal(method: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        method(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_versions_count_up_and_are_never_used_again(sagemaker: Any, group: str, artefact: str) -> None:
    first, second = register(sagemaker, group, artefact), register(sagemaker, group, artefact)
    assert (first.rsplit("/", 2)[1:], second.rsplit("/", 2)[1:]) == ([group, "1"], [group, "2"])
    sagemaker.delete_model_package(ModelPackageName=second)
    assert register(sagemaker, group, artefact).endswith("/3")


def test_a_version_is_described_as_registered(sagemaker: Any, group: str, artefact: str) -> None:
    arn = register(sagemaker, group, artefact, CustomerMetadataProperties={"source": "archive"})
    for name in (arn, f"{group}/1"):
        package = sagemaker.describe_model_package(ModelPackageName=name)
        assert package["ModelPackageGroupName"] == group
        assert package["ModelPackageVersion"] == 1
        assert package["ModelPackageStatus"] == "Completed"
        assert package["ModelPackageStatusDetails"]["ValidationStatuses"] == []
        assert package["ModelApprovalStatus"] == "PendingManualApproval"
        assert package["CustomerMetadataProperties"] == {"source": "archive"}
        assert package["InferenceSpecification"]["Containers"][0]["ModelDataETag"]
        assert abs(package["CreationTime"] - datetime.now(timezone.utc)) < timedelta(minutes=30)
        assert "LastModifiedTime" not in package
        assert "Tags" not in package


def test_a_group_can_be_given_by_its_arn(sagemaker: Any, group: str, artefact: str) -> None:
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    assert arn.endswith(f":model-package-group/{group}")
    assert register(sagemaker, arn, artefact).endswith(f":model-package/{group}/1")
    listed = sagemaker.list_model_packages(ModelPackageGroupName=arn)["ModelPackageSummaryList"]
    assert [one["ModelPackageVersion"] for one in listed] == [1]


def test_approval_is_recorded_with_its_reason_and_time(sagemaker: Any, group: str, artefact: str) -> None:
    arn = register(sagemaker, group, artefact, CustomerMetadataProperties={"keep": "1", "drop": "2"})
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="Better than the champion",
        CustomerMetadataProperties={"keep": "3", "new": "4"},
        CustomerMetadataPropertiesToRemove=["drop"],
        SourceUri="s3://bucket/source",
        ModelLifeCycle={"Stage": "Staging", "StageStatus": "Approved"},
    )
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ApprovalDescription"] == "Better than the champion"
    assert package["CustomerMetadataProperties"] == {"keep": "3", "new": "4"}
    assert package["ModelLifeCycle"]["Stage"] == "Staging"
    assert package["LastModifiedTime"] >= package["CreationTime"]
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ApprovalDescription"] == "Better than the champion"


def test_additional_specifications_are_added_and_their_names_unique(sagemaker: Any, group: str, artefact: str) -> None:
    arn = register(sagemaker, group, artefact)
    more = {"Name": "compiled", "Containers": [{"Image": IMAGE, "ModelDataUrl": artefact}]}
    sagemaker.update_model_package(ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[more])
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    assert [one["Name"] for one in package["AdditionalInferenceSpecifications"]] == ["compiled"]
    code, message = refusal(
        sagemaker.update_model_package, ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[more]
    )
    assert code == "ValidationException"
    assert "two inference specifications of one name" in message


def test_packages_are_listed_by_group_status_type_name_date_and_order(
    sagemaker: Any, group: str, artefact: str
) -> None:
    for status in ("Approved", "Rejected", "PendingManualApproval"):
        register(sagemaker, group, artefact, ModelApprovalStatus=status)
    alone = f"alone-{group}"
    sagemaker.create_model_package(ModelPackageName=alone, InferenceSpecification=specification(artefact))

    def versions(**request: Any) -> list[Any]:
        found = sagemaker.list_model_packages(**request)["ModelPackageSummaryList"]
        return [one.get("ModelPackageVersion", one.get("ModelPackageName")) for one in found]

    assert versions(ModelPackageGroupName=group) == [1, 2, 3]
    assert versions(ModelPackageGroupName=group, SortOrder="Descending") == [3, 2, 1]
    assert versions(ModelPackageGroupName=group, SortBy="Name", SortOrder="Descending", MaxResults=2) == [
        3,
        2,
    ]
    assert versions(ModelPackageGroupName=group, ModelApprovalStatus="Rejected") == [2]
    assert versions(ModelPackageGroupName=group, ModelPackageType="Unversioned") == []
    assert versions(NameContains=group) == [alone]
    assert versions(NameContains=group, ModelPackageType="Both", SortBy="Name") == [alone, 1, 2, 3]
    assert versions(NameContains=group, ModelPackageType="Versioned") == [1, 2, 3]
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert versions(ModelPackageGroupName=group, CreationTimeAfter=tomorrow) == []
    assert versions(ModelPackageGroupName=group, CreationTimeBefore=tomorrow) == [1, 2, 3]


def test_boto3s_paginator_sees_every_version_once(sagemaker: Any, group: str, artefact: str) -> None:
    for _ in range(5):
        register(sagemaker, group, artefact)
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, PaginationConfig={"PageSize": 2}
    )
    found = [one["ModelPackageVersion"] for page in pages for one in page["ModelPackageSummaryList"]]
    assert found == [1, 2, 3, 4, 5]


def test_a_group_that_holds_packages_is_not_deleted(sagemaker: Any, group: str, artefact: str) -> None:
    arn = register(sagemaker, group, artefact)
    code, message = refusal(sagemaker.delete_model_package_group, ModelPackageGroupName=group)
    assert code == "ConflictException"
    assert "holds 1 model packages" in message
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    assert refusal(sagemaker.describe_model_package_group, ModelPackageGroupName=group)[1].endswith("does not exist.")


def test_a_group_of_a_taken_name_is_refused(sagemaker: Any, group: str) -> None:
    code, message = refusal(sagemaker.create_model_package_group, ModelPackageGroupName=group)
    assert (code, message.split(":")[0]) == ("ValidationException", "Model Package Group already exists")


def test_groups_are_filtered_by_name_and_account(sagemaker: Any, group: str) -> None:
    def listed(**request: Any) -> list[str]:
        found = sagemaker.list_model_package_groups(NameContains=group[2:], **request)
        return [one["ModelPackageGroupName"] for one in found["ModelPackageGroupSummaryList"]]

    assert listed() == [group]
    assert listed(CrossAccountFilterOption="SameAccount") == [group]
    assert listed(CrossAccountFilterOption="CrossAccount") == []


def test_a_groups_policy_is_kept_shown_and_removed(sagemaker: Any, group: str) -> None:
    assert refusal(sagemaker.get_model_package_group_policy, ModelPackageGroupName=group)[1].startswith(
        "Cannot find resource policy"
    )
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy='{"Version": "x"}')
    shown = sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"]
    assert shown == '{"Version": "x"}'
    assert "ResourcePolicy" not in sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName=group)
    assert refusal(sagemaker.get_model_package_group_policy, ModelPackageGroupName=group)[0] == "ValidationException"


def test_packages_are_described_in_a_batch_with_an_error_for_each_unknown(
    sagemaker: Any, group: str, artefact: str
) -> None:
    arn = register(sagemaker, group, artefact)
    found = sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, f"{arn}9"])
    assert found["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert found["BatchDescribeModelPackageErrorMap"][f"{arn}9"]["ErrorCode"] == "ValidationException"


def test_one_client_token_makes_one_version(sagemaker: Any, group: str, artefact: str) -> None:
    token = uuid.uuid4().hex
    assert register(sagemaker, group, artefact, ClientToken=token) == register(
        sagemaker, group, artefact, ClientToken=token
    )
    code, message = refusal(
        sagemaker.create_model_package,
        ModelPackageGroupName=group,
        ClientToken=token,
        ModelPackageDescription="another",
    )
    assert code == "ConflictException"
    assert "client token" in message


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "Missing ARN."),
        (
            {"ModelPackageName": "n", "ModelPackageGroupName": "g"},
            "Both ModelPackageName and ModelPackageGroupName",
        ),
        ({"ModelPackageGroupName": "never-made"}, "model-package-group/never-made does not exist."),
        ({"ModelPackageName": "n", "ModelApprovalStatus": "Approved"}, "non-versioned ModelPackages"),
        (
            {"ModelPackageName": "n", "InferenceSpecification": specification("s3://b/k", KEY="v")},
            "Environment variable map cannot be specified when using non-versioned ModelPackages",
        ),
        ({"ModelPackageName": "n", "CertifyForMarketplace": True}, "CertifyForMarketplace is not supported"),
        (
            {"ModelPackageName": "n", "InferenceSpecification": {"Containers": [{"Image": "repo/coffee:1"}]}},
            "pytorch-inference",
        ),
        (
            {
                "ModelPackageName": "n",
                "InferenceSpecification": specification("s3://no-such-bucket/model.tar.gz"),
            },
            "Could not find model data at s3://no-such-bucket/model.tar.gz.",
        ),
    ],
)
def test_a_package_that_cannot_be_kept_is_refused(sagemaker: Any, request_: dict[str, Any], words: str) -> None:
    code, message = refusal(sagemaker.create_model_package, **request_)
    assert code == "ValidationException"
    assert words in message
