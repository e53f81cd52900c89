"""With what a retraining starts: the champion's recipe, the new images, reason and trigger. S3 is moto's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from pipelines.champion import CHAMPION_PREDICTIONS_URI, ChampionPredictionsMissing
from pipelines.retraining import retraining_parameters
from pipelines.retraining.places import NEW_IMAGES_PREFIX, SNAPSHOTS_PREFIX
from pipelines.retraining.recipe import champion_training

GROUP = "SconesDeliveryVehicles"
PREDICTIONS = "s3://bucket/1/predictions.csv"
MADE_WITH = {
    "InputDataUri": "s3://bucket/data",
    "Epochs": "7",
    "ModelApprovalStatus": "Approved",
    "ChampionPredictionsUri": "s3://bucket/0/predictions.csv",
    "NewImagesUri": "s3://bucket/old",
    "TrainingReason": "started by hand",
    "ParameterOfTheTime": "1",
}


class SageMaker:
    """The registry's versions, oldest first, and what the executions that made them were started with."""

    def __init__(self) -> None:
        self.versions: list[dict[str, Any]] = []
        self.executions: dict[str, dict[str, str]] = {}

    def add(self, approval: str, **metadata: str) -> None:
        number = len(self.versions) + 1
        self.versions.append(
            {
                "ModelPackageArn": f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/{number}",
                "ModelPackageVersion": number,
                "ModelPackageStatus": "Completed",
                "ModelApprovalStatus": approval,
                "CreationTime": datetime(2026, 1, number, tzinfo=timezone.utc),
                "CustomerMetadataProperties": metadata,
            }
        )

    def get_paginator(self, name: str) -> SageMaker:
        assert name == "list_model_packages"
        return self

    def paginate(self, ModelPackageGroupName: str, ModelApprovalStatus: str = "", **_more: str) -> list[dict[str, Any]]:
        if not self.versions:
            told = f"ModelPackageGroup {ModelPackageGroupName} does not exist."
            raise ClientError({"Error": {"Code": "ValidationException", "Message": told}}, "ListModelPackages")
        kept = [one for one in self.versions[::-1] if ModelApprovalStatus in ("", one["ModelApprovalStatus"])]
        return [{"ModelPackageSummaryList": kept}]

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:
        return next(one for one in self.versions if one["ModelPackageArn"] == ModelPackageName)

    def list_pipeline_parameters_for_execution(self, PipelineExecutionArn: str, MaxResults: int) -> dict[str, Any]:
        if PipelineExecutionArn not in self.executions:
            error = {"Code": "ResourceNotFound", "Message": ""}
            raise ClientError({"Error": error}, "ListPipelineParametersForExecution")
        given = self.executions[PipelineExecutionArn]
        return {"PipelineParameters": [{"Name": name, "Value": value} for name, value in given.items()]}


class Account:
    """What a retraining needs of a target."""

    def __init__(self, s3: Any) -> None:
        self.s3, self.sagemaker, self.bucket = s3, SageMaker(), "bucket"
        self.told: list[str] = []

    def client(self, service: str) -> Any:
        return {"s3": self.s3, "sagemaker": self.sagemaker}[service]

    def parameters(self, reason: str = "drift", trigger: str = "e-drift", **more: Any) -> dict[str, str]:
        account: Any = self
        return retraining_parameters(account, reason, trigger, tell=self.told.append, **more)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        s3 = boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="1/predictions.csv", Body=b"x")
        yield Account(s3)


def test_the_champion_is_trained_again_as_it_was_and_with_whom_it_is_compared(account: Account) -> None:
    account.sagemaker.add("Approved", predictions=PREDICTIONS, pipeline_execution_arn="execution/1")
    account.sagemaker.add("PendingManualApproval", pipeline_execution_arn="execution/2")
    account.sagemaker.executions = {"execution/1": MADE_WITH, "execution/2": {"Epochs": "1"}}
    assert account.parameters() == {
        "InputDataUri": "s3://bucket/data",
        "Epochs": "7",
        CHAMPION_PREDICTIONS_URI: PREDICTIONS,
        "TrainingReason": "drift",
        "TrainingTrigger": "e-drift",
    }
    assert "recipe: that of version 1" in account.told
    assert "champion: version 1" in account.told
    assert "new images: none at s3://bucket/scones/new-images" in account.told


def test_an_algorithm_is_not_given_what_suits_the_champions(account: Account) -> None:
    account.sagemaker.add("Approved", pipeline_execution_arn="execution/1", algorithm="image-classification")
    of_its_own = {"LearningRate": "0.1", "TrainingInstanceType": "ml.g4dn.xlarge"}
    account.sagemaker.executions = {"execution/1": {**MADE_WITH, **of_its_own}}
    sagemaker: Any = account.sagemaker
    assert champion_training(sagemaker, GROUP).algorithm == "image-classification"
    same = account.parameters(algorithm="image-classification")
    assert same.items() >= {"Epochs": "7", "InputDataUri": "s3://bucket/data", **of_its_own}.items()
    assert account.told[0] == "recipe: that of version 1"
    account.told.clear()
    other = account.parameters(algorithm="pytorch")
    assert set(same) - set(other) == {"Epochs", *of_its_own}
    names = "Epochs, LearningRate, Seed, UsePretrainedModel, TrainingInstanceType"
    assert account.told[0] == f"recipe: that of version 1, without {names}, which are those of image-classification"


def test_without_any_version_the_algorithm_is_nobodys(account: Account) -> None:
    sagemaker: Any = account.sagemaker
    assert champion_training(sagemaker, GROUP).algorithm is None


def test_without_an_approved_version_the_newest_says_how(account: Account) -> None:
    account.sagemaker.add("Rejected", pipeline_execution_arn="execution/1")
    account.sagemaker.executions = {"execution/1": {"Epochs": "3"}}
    assert account.parameters()["Epochs"] == "3"


@pytest.mark.parametrize(
    ("arn", "said"), [("execution/9", "execution/9, which made version 1, is no more"), ("", "no")]
)
def test_without_a_recipe_the_pipelines_defaults_stand(account: Account, arn: str, said: str) -> None:
    if arn:
        account.sagemaker.add("Rejected", pipeline_execution_arn=arn)
    assert account.parameters() == {"TrainingReason": "drift", "TrainingTrigger": "e-drift"}
    assert any(line.startswith("recipe: the pipeline's defaults") and said in line for line in account.told)


def test_new_images_come_as_a_snapshot(account: Account) -> None:
    key = f"{NEW_IMAGES_PREFIX}/bicycle/a.png"
    account.s3.put_object(Bucket="bucket", Key=key, Body=b"picture")
    uri = account.parameters()["NewImagesUri"]
    assert uri.startswith(f"s3://bucket/{SNAPSHOTS_PREFIX}/")
    assert f"new images: 1 bicycle, 0 motorcycle, as {uri}" in account.told
    account.s3.delete_object(Bucket="bucket", Key=key)
    copied = account.s3.get_object(Bucket="bucket", Key=f"{uri.removeprefix('s3://bucket/')}/bicycle/a.png")
    assert copied["Body"].read() == b"picture"


def test_values_that_are_given_go_before(account: Account) -> None:
    account.sagemaker.add("Approved", predictions=PREDICTIONS, pipeline_execution_arn="execution/1")
    account.sagemaker.executions = {"execution/1": MADE_WITH}
    account.s3.put_object(Bucket="bucket", Key=f"{NEW_IMAGES_PREFIX}/bicycle/a.png", Body=b"picture")
    values = {"Epochs": "2", CHAMPION_PREDICTIONS_URI: "", "NewImagesUri": "", "ModelApprovalStatus": "Approved"}
    given = account.parameters(values=values)
    assert (given["Epochs"], given["InputDataUri"], given["ModelApprovalStatus"]) == (
        "2",
        "s3://bucket/data",
        "Approved",
    )
    assert "NewImagesUri" not in given and CHAMPION_PREDICTIONS_URI not in given
    assert account.s3.list_objects_v2(Bucket="bucket", Prefix=SNAPSHOTS_PREFIX)["KeyCount"] == 0


def test_champion_predictions_that_are_gone_stop_it(account: Account) -> None:
    account.sagemaker.add("Approved", predictions="s3://bucket/gone.csv")
    with pytest.raises(ChampionPredictionsMissing):
        account.parameters()


def test_what_a_machine_says_is_made_to_fit(account: Account) -> None:
    given = account.parameters(reason="Threshold Crossed: " + "(0.5, 1)" * 99, trigger="")
    assert len(given["TrainingReason"]) <= 256 and "(" not in given["TrainingReason"]
    assert given["TrainingTrigger"] == "user"
