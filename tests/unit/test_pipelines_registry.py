"""Reading the registry through boto3, against botocore's own check of requests and answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from pipelines.registry import (
    ModelPackageGroupMissing,
    ModelVersionMissing,
    describe_version,
    latest_version,
    list_versions,
)

GROUP = "SconesDeliveryVehicles"
CREATED = datetime(2026, 11, 21, tzinfo=timezone.utc)
LIST = {"ModelPackageGroupName": GROUP, "SortBy": "CreationTime", "SortOrder": "Descending"}


@pytest.fixture
def stub() -> Iterator[Stubber]:
    client = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _arn(version: int) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/{version}"


def _summary(version: int) -> dict[str, Any]:
    return {
        "ModelPackageArn": _arn(version),
        "ModelPackageVersion": version,
        "CreationTime": CREATED,
        "ModelPackageStatus": "Completed",
    }


def _describe(stub: Stubber, version: int, metadata: dict[str, str] | None = None) -> None:
    answer = {
        **_summary(version),
        "ModelPackageName": f"{GROUP}/{version}",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {"Containers": [{"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"}]},
        **({"CustomerMetadataProperties": metadata} if metadata else {}),
    }
    stub.add_response("describe_model_package", answer, {"ModelPackageName": _arn(version)})


def test_every_page_is_read_newest_first(stub: Stubber) -> None:
    stub.add_response("list_model_packages", {"ModelPackageSummaryList": [_summary(3)], "NextToken": "more"}, LIST)
    _describe(stub, 3, {"accuracy": "0.91"})
    stub.add_response("list_model_packages", {"ModelPackageSummaryList": [_summary(2)]}, {**LIST, "NextToken": "more"})
    _describe(stub, 2)
    versions = list_versions(stub.client, GROUP)
    assert [(version.version, version.accuracy) for version in versions] == [(3, 0.91), (2, None)]
    assert versions[0].model_data_url == "s3://bucket/model.tar.gz"
    assert versions[0].metadata == {"accuracy": "0.91"}


def test_no_more_is_asked_than_is_wanted(stub: Stubber) -> None:
    page = {"ModelPackageSummaryList": [_summary(3), _summary(2)], "NextToken": "more"}
    stub.add_response("list_model_packages", page, {**LIST, "ModelApprovalStatus": "Approved"})
    _describe(stub, 3)
    found = latest_version(stub.client, GROUP, approval_status="Approved")
    assert found is not None and found.version == 3


def test_an_empty_group_has_no_latest_version(stub: Stubber) -> None:
    stub.add_response("list_model_packages", {"ModelPackageSummaryList": []}, LIST)
    assert latest_version(stub.client, GROUP) is None


def test_an_accuracy_that_is_no_number_is_none(stub: Stubber) -> None:
    _describe(stub, 1, {"accuracy": "unknown"})
    assert describe_version(stub.client, _arn(1)).accuracy is None


def test_a_missing_group_is_named(stub: Stubber) -> None:
    stub.add_client_error("list_model_packages", "ValidationException", f"ModelPackageGroup {GROUP} does not exist.")
    with pytest.raises(ModelPackageGroupMissing, match=GROUP):
        list_versions(stub.client, GROUP)


def test_a_missing_version_is_named(stub: Stubber) -> None:
    stub.add_client_error("describe_model_package", "ValidationException", "ModelPackage does not exist.")
    with pytest.raises(ModelVersionMissing, match="model-package/"):
        describe_version(stub.client, _arn(9))


def test_another_error_is_passed_on(stub: Stubber) -> None:
    stub.add_client_error("list_model_packages", "AccessDeniedException", "no")
    with pytest.raises(Exception, match="AccessDenied"):
        list_versions(stub.client, GROUP)
