"""Models as they are made, from images and from registered versions, and the tags of every resource."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/local"


@pytest.fixture
def sagemaker(local_aws: Any) -> Any:
    return local_aws.client("sagemaker")


@pytest.fixture
def group(sagemaker: Any) -> str:
    name = f"group-{uuid.uuid4().hex[:12]}"
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


@pytest.fixture
def artefact(local_aws: Any) -> str:
    local_aws.client("s3").put_object(Bucket=local_aws.bucket, Key="models/model.tar.gz", Body=b"weights")
    return f"s3://{local_aws.bucket}/models/model.tar.gz"


def register(sagemaker: Any, group: str, artefact: str, status: str, **environment: str) -> str:
    container = {"Image": IMAGE, "ModelDataUrl": artefact, "Environment": environment}
    response = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={"Containers": [container]},
        ModelApprovalStatus=status,
    )
    return str(response["ModelPackageArn"])


def refusal(method: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        method(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_model_is_described_as_created_and_gone_when_deleted(sagemaker: Any, artefact: str) -> None:
    name = f"model-{uuid.uuid4().hex[:12]}"
    container = {"Image": IMAGE, "ModelDataUrl": artefact, "Environment": {"A": "1"}}
    request = {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE}
    arn = sagemaker.create_model(**request)["ModelArn"]
    assert arn.endswith(f":model/{name}")
    model = sagemaker.describe_model(ModelName=name)
    assert model["PrimaryContainer"] == {**container, "Mode": "SingleModel"}
    assert (model["ExecutionRoleArn"], model["EnableNetworkIsolation"]) == (ROLE, False)
    assert refusal(sagemaker.create_model, **request) == (
        "ValidationException",
        f'Cannot create already existing model "{arn}".',
    )
    listed = sagemaker.list_models(NameContains=name)["Models"]
    assert [(one["ModelName"], one["ModelArn"]) for one in listed] == [(name, arn)]
    sagemaker.delete_model(ModelName=name)
    assert sagemaker.list_models(NameContains=name)["Models"] == []


def test_a_model_of_an_approved_version_can_be_run_without_the_registry(
    sagemaker: Any, group: str, artefact: str
) -> None:
    package = register(sagemaker, group, artefact, "Approved", A="package", B="package")
    container = {"ModelPackageName": package, "Environment": {"B": "model"}}
    sagemaker.create_model(ModelName=group, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    made = sagemaker.describe_model(ModelName=group)["PrimaryContainer"]
    assert made["ModelPackageName"] == package
    assert (made["Image"], made["ModelDataUrl"]) == (IMAGE, artefact)
    assert made["Environment"] == {"A": "package", "B": "model"}


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_a_version_that_is_not_approved_makes_no_model(sagemaker: Any, group: str, artefact: str, status: str) -> None:
    package = register(sagemaker, group, artefact, status)
    container = {"ModelPackageName": package}
    code, message = refusal(sagemaker.create_model, ModelName=group, PrimaryContainer=container)
    assert code == "ValidationException"
    assert f"ModelApprovalStatus is {status}, not Approved" in message


@pytest.mark.parametrize(
    ("containers", "words"),
    [
        ({}, "either PrimaryContainer or Containers"),
        ({"PrimaryContainer": {"Image": IMAGE}, "Containers": [{"Image": IMAGE}]}, "exactly one of them"),
        ({"PrimaryContainer": {}}, "either PrimaryContainer or Containers"),
        ({"PrimaryContainer": {"Mode": "SingleModel"}}, "needs an Image or a ModelPackageName"),
        ({"PrimaryContainer": {"ModelPackageName": "never/1"}}, "model-package/never/1 does not exist."),
        ({"PrimaryContainer": {"Image": "repo/coffee:1"}}, "pytorch-inference"),
        (
            {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://none/m"}},
            "Could not find model data at s3://none/m",
        ),
    ],
)
def test_a_model_that_could_not_serve_is_refused(sagemaker: Any, containers: dict[str, Any], words: str) -> None:
    code, message = refusal(sagemaker.create_model, ModelName="refused", **containers)
    assert code == "ValidationException"
    assert words in message
    assert sagemaker.list_models(NameContains="refused")["Models"] == []


def test_tags_come_with_creation_are_changed_listed_and_go_with_the_resource(
    sagemaker: Any, group: str, artefact: str
) -> None:
    arn = register(sagemaker, group, artefact, "Rejected")
    model = sagemaker.create_model(
        ModelName=group,
        PrimaryContainer={"Image": IMAGE},
        Tags=[{"Key": "team", "Value": "routing"}, {"Key": "stage", "Value": "test"}],
    )["ModelArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
    sagemaker.add_tags(ResourceArn=model, Tags=[{"Key": "stage", "Value": "live"}])
    sagemaker.delete_tags(ResourceArn=model, TagKeys=["team", "never"])
    assert sagemaker.list_tags(ResourceArn=model)["Tags"] == [{"Key": "stage", "Value": "live"}]
    assert "Tags" not in sagemaker.describe_model(ModelName=group)
    sagemaker.delete_model(ModelName=group)
    assert refusal(sagemaker.list_tags, ResourceArn=model) == (
        "ValidationException",
        f"The resource {model} does not exist.",
    )


def test_a_resource_has_at_most_fifty_tags(sagemaker: Any, group: str) -> None:
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{index}", "Value": ""} for index in range(50)])
    code, _ = refusal(sagemaker.add_tags, ResourceArn=arn, Tags=[{"Key": "one-more", "Value": ""}])
    assert code == "ResourceLimitExceeded"
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k7", "Value": "changed"}])
    assert len(sagemaker.list_tags(ResourceArn=arn)["Tags"]) == 50
