"""Which champion an execution is compared with: the newest approved version's predictions, or what was asked for."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from pipelines.champion import ChampionPredictionsMissing, choose_champion
from pipelines.names import CLASSES
from pipelines.training.no_champion import no_champion
from pipelines.training.pipeline import get_execution_parameters
from processing.predictions_file import read_predictions_file

GROUP = "SconesDeliveryVehicles"
PREDICTIONS = "s3://bucket/executions/1/predictions.csv"


class Registry:
    """The two calls that finding the champion makes, over versions that a test adds; newest last."""

    def __init__(self) -> None:
        self.versions: list[dict[str, Any]] = []
        self.client = boto3.client("sagemaker", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        self.stub = Stubber(self.client)
        self.stub.activate()

    def add(self, approval: str = "Approved", status: str = "Completed", **metadata: str) -> None:
        number = len(self.versions) + 1
        self.versions.append(
            {
                "ModelPackageArn": f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/{number}",
                "ModelPackageName": f"{GROUP}/{number}",
                "ModelPackageVersion": number,
                "CreationTime": datetime(2026, 11, number, tzinfo=timezone.utc),
                "ModelPackageStatus": status,
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "ModelApprovalStatus": approval,
                "CustomerMetadataProperties": metadata,
            }
        )

    def expect_search(self, group: str = GROUP) -> None:
        """Lets the listing of the approved versions happen, and the looks at them down to the first complete one."""
        found = [version for version in reversed(self.versions) if version["ModelApprovalStatus"] == "Approved"]
        kept = ("ModelPackageArn", "CreationTime", "ModelPackageStatus")
        request = {
            "ModelPackageGroupName": group,
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "ModelApprovalStatus": "Approved",
        }
        summaries = [{key: version[key] for key in kept} for version in found]
        self.stub.add_response("list_model_packages", {"ModelPackageSummaryList": summaries}, request)
        for version in found:
            asked = {"ModelPackageName": version["ModelPackageArn"]}
            self.stub.add_response("describe_model_package", version, asked)
            if version["ModelPackageStatus"] == "Completed":
                break


class Bucket:
    """S3 with some keys in one bucket."""

    def __init__(self, *uris: str) -> None:
        self.uris = uris

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int) -> dict[str, int]:
        found = [uri for uri in self.uris if uri.startswith(f"s3://{Bucket}/{Prefix}")]
        return {"KeyCount": min(MaxKeys, len(found))}


@pytest.fixture
def registry() -> Registry:
    return Registry()


def test_the_newest_approved_version_is_the_champion(registry: Registry) -> None:
    registry.add(predictions="s3://bucket/older.csv")
    registry.add(predictions=PREDICTIONS)
    registry.add(approval="Rejected", predictions="s3://bucket/rejected.csv")
    registry.add(approval="PendingManualApproval", predictions="s3://bucket/pending.csv")
    registry.expect_search()
    choice = choose_champion(registry.client, Bucket(PREDICTIONS), GROUP, {"Epochs": "3"})
    assert choice.parameters == {"Epochs": "3", "ChampionPredictionsUri": PREDICTIONS}
    assert choice.told == "champion: version 2"
    registry.stub.assert_no_pending_responses()


def test_a_version_that_failed_is_no_champion(registry: Registry) -> None:
    registry.add(predictions=PREDICTIONS)
    registry.add(status="Failed", predictions="s3://bucket/failed.csv")
    registry.expect_search()
    assert choose_champion(registry.client, Bucket(PREDICTIONS), GROUP, {}).told == "champion: version 1"


def test_without_an_approved_version_there_is_no_champion(registry: Registry) -> None:
    registry.add(approval="PendingManualApproval", predictions=PREDICTIONS)
    registry.expect_search()
    choice = choose_champion(registry.client, Bucket(), GROUP, {"Epochs": "3"})
    assert choice.parameters == {"Epochs": "3"}
    assert choice.told == "champion: none, as no version is approved; the accuracy's bar alone counts"


def test_without_a_group_there_is_no_champion(registry: Registry) -> None:
    message = f"ModelPackageGroup {GROUP} does not exist."
    registry.stub.add_client_error("list_model_packages", "ValidationException", message)
    assert choose_champion(registry.client, Bucket(), GROUP, {}).parameters == {}


def test_a_version_registered_without_predictions_is_told_of(registry: Registry) -> None:
    registry.add()
    registry.expect_search()
    choice = choose_champion(registry.client, Bucket(), GROUP, {})
    assert choice.parameters == {}
    assert "version 1 was registered without its predictions" in choice.told


def test_predictions_that_are_gone_stop_the_start_and_name_the_way_out(registry: Registry) -> None:
    registry.add(predictions=PREDICTIONS)
    registry.expect_search()
    with pytest.raises(ChampionPredictionsMissing, match=r"version 1, the champion, are no more at s3://.*--param"):
        choose_champion(registry.client, Bucket(), GROUP, {})


def test_what_is_given_goes_before_the_registry(registry: Registry) -> None:
    other = "s3://elsewhere/predictions.csv"
    choice = choose_champion(registry.client, Bucket(other), GROUP, {"ChampionPredictionsUri": other})
    assert choice.parameters == {"ChampionPredictionsUri": other}


def test_an_empty_value_asks_for_no_comparison(registry: Registry) -> None:
    choice = choose_champion(registry.client, Bucket(), GROUP, {"ChampionPredictionsUri": "", "Seed": "2"})
    assert choice.parameters == {"Seed": "2"}
    assert "none, as asked" in choice.told


@pytest.mark.parametrize(
    "given", ["predictions.csv", "s3://", "s3://bucket", "https://bucket/x.csv", "s3://bucket/no.csv"]
)
def test_what_names_nothing_in_s3_is_refused_before_anything_starts(registry: Registry, given: str) -> None:
    with pytest.raises(ChampionPredictionsMissing, match="names nothing in S3"):
        choose_champion(registry.client, Bucket(PREDICTIONS), GROUP, {"ChampionPredictionsUri": given})


def test_run_pipeline_gets_the_champion_of_its_group(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    registry.add(predictions=PREDICTIONS)
    registry.expect_search("Another")
    kwargs = {"region": "us-east-1", "model_package_group_name": "Another"}
    found = get_execution_parameters(registry.client, Bucket(PREDICTIONS), **kwargs)
    assert found == {"ChampionPredictionsUri": PREDICTIONS}
    assert capsys.readouterr().out == "champion: version 1\n"


def test_the_file_of_no_champion_is_one_that_the_evaluation_reads(tmp_path: Any) -> None:
    bundle = no_champion("bucket", "scones/SconesTraining")
    ((key, content),) = bundle.objects.items()
    assert bundle.uri == f"s3://bucket/{key}" and bundle.digest in key
    (tmp_path / "predictions.csv").write_bytes(content)
    assert read_predictions_file(tmp_path / "predictions.csv", CLASSES).image_sha256 == ()
