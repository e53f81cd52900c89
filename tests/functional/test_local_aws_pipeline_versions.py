"""Pipelines as records: created once, updated into versions, described, listed, deleted."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/local"


def definition(message: str = "no") -> str:
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": message}}
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": [step]})


@pytest.fixture
def sagemaker(local_aws: Any) -> Any:
    return local_aws.client("sagemaker")


@pytest.fixture
def name() -> str:
    return f"pipeline-{uuid.uuid4().hex[:12]}"


def create(sagemaker: Any, name: str, **more: Any) -> str:
    request = {"PipelineName": name, "RoleArn": ROLE, "PipelineDefinition": definition(), **more}
    return str(sagemaker.create_pipeline(**request)["PipelineArn"])


def refusal(method: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        method(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_pipeline_is_described_as_created_by_name_and_by_arn(sagemaker: Any, name: str) -> None:
    arn = create(
        sagemaker,
        name,
        PipelineDescription="Trains",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 3},
    )
    assert arn.endswith(f":pipeline/{name}")
    for given in (name, arn):
        shown = sagemaker.describe_pipeline(PipelineName=given)
        assert (shown["PipelineName"], shown["PipelineArn"], shown["PipelineStatus"]) == (name, arn, "Active")
        assert (shown["PipelineDisplayName"], shown["PipelineDescription"]) == (name, "Trains")
        assert shown["PipelineDefinition"] == definition()
        assert shown["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}
        assert "LastRunTime" not in shown


def test_a_taken_name_is_refused_in_the_words_that_the_sdks_upsert_looks_for(sagemaker: Any, name: str) -> None:
    create(sagemaker, name)
    code, message = refusal(sagemaker.create_pipeline, PipelineName=name, RoleArn=ROLE, PipelineDefinition=definition())
    assert code == "ValidationException"
    assert "Pipeline names must be unique within an AWS account and region" in message
    assert "already exists" in message


def test_one_client_request_token_makes_one_pipeline(sagemaker: Any, name: str) -> None:
    token = uuid.uuid4().hex
    assert create(sagemaker, name, ClientRequestToken=token) == create(sagemaker, name, ClientRequestToken=token)
    sagemaker.delete_pipeline(PipelineName=name)
    create(sagemaker, name, ClientRequestToken=token)
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineStatus"] == "Active"


def test_of_many_that_create_the_same_name_at_once_one_wins(sagemaker: Any, name: str) -> None:
    def attempt(index: int) -> str:
        try:
            return create(sagemaker, name, PipelineDefinition=definition(str(index))) and str(index)
        except ClientError:
            return ""

    with ThreadPoolExecutor(8) as threads:
        winners = [found for found in threads.map(attempt, range(8)) if found]
    assert len(winners) == 1
    shown = sagemaker.describe_pipeline(PipelineName=name)
    assert shown["PipelineDefinition"] == definition(winners[0])


def test_each_change_of_the_definition_is_a_version(sagemaker: Any, name: str) -> None:
    arn = create(sagemaker, name)
    same = sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition(), PipelineDescription="d")
    assert same["PipelineVersionId"] == 1
    changed = sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition("changed"))
    assert (changed["PipelineArn"], changed["PipelineVersionId"]) == (arn, 2)
    newest = sagemaker.describe_pipeline(PipelineName=name)
    assert (newest["PipelineDefinition"], newest["PipelineDescription"]) == (definition("changed"), "d")
    assert newest["LastModifiedTime"] > newest["CreationTime"]
    first = sagemaker.describe_pipeline(PipelineName=name, PipelineVersionId=1)
    assert first["PipelineDefinition"] == definition()
    assert refusal(sagemaker.describe_pipeline, PipelineName=name, PipelineVersionId=3)[0] == "ResourceNotFound"


def test_versions_are_listed_newest_first_in_pages_and_can_be_named(sagemaker: Any, name: str) -> None:
    arn = create(sagemaker, name)
    for text in ("two", "three"):
        sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition(text))
    sagemaker.update_pipeline_version(
        PipelineArn=arn,
        PipelineVersionId=2,
        PipelineVersionDisplayName="Candidate",
        PipelineVersionDescription="Second try",
    )

    def versions(**request: Any) -> list[int]:
        found = sagemaker.list_pipeline_versions(PipelineName=name, **request)["PipelineVersionSummaries"]
        return [one["PipelineVersionId"] for one in found]

    assert versions() == [3, 2, 1]
    assert versions(SortOrder="Ascending", MaxResults=2) == [1, 2]
    token = sagemaker.list_pipeline_versions(PipelineName=arn, MaxResults=2)["NextToken"]
    assert versions(MaxResults=2, NextToken=token) == [1]
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert (versions(CreatedAfter=tomorrow), versions(CreatedBefore=tomorrow)) == ([], [3, 2, 1])
    shown = sagemaker.describe_pipeline(PipelineName=name, PipelineVersionId=2)
    assert shown["PipelineVersionDisplayName"] == "Candidate"
    assert shown["PipelineVersionDescription"] == "Second try"


def test_an_alias_names_one_version_and_can_be_moved(sagemaker: Any, name: str) -> None:
    arn = create(sagemaker, name, PipelineVersionAliases=["live"])
    sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition("two"), PipelineVersionAliases=["next"])

    def move(version: int, **operations: list[str]) -> dict[str, Any]:
        return dict(PipelineArn=arn, PipelineVersionId=version, PipelineVersionAliasOperations=operations)

    shown = sagemaker.describe_pipeline(PipelineName=name, PipelineVersionAlias="live")
    assert (shown["PipelineDefinition"], shown["PipelineVersionAliases"]) == (definition(), ["live"])
    assert "belongs to version 1" in refusal(sagemaker.update_pipeline_version, **move(2, Add=["live"]))[1]
    sagemaker.update_pipeline_version(**move(1, Remove=["live"]))
    sagemaker.update_pipeline_version(**move(2, Add=["live"]))
    shown = sagemaker.describe_pipeline(PipelineName=name, PipelineVersionAlias="live")
    assert (shown["PipelineDefinition"], shown["PipelineVersionAliases"]) == (
        definition("two"),
        ["next", "live"],
    )
    assert "numbers only" in refusal(sagemaker.update_pipeline_version, **move(1, Add=["12"]))[1]
    code, _ = refusal(sagemaker.describe_pipeline, PipelineName=name, PipelineVersionAlias="never")
    assert code == "ResourceNotFound"


def test_a_definition_can_come_from_s3(local_aws: Any, sagemaker: Any, name: str) -> None:
    local_aws.client("s3").put_object(Bucket=local_aws.bucket, Key=f"{name}.json", Body=definition("s3").encode())
    location = {"Bucket": local_aws.bucket, "ObjectKey": f"{name}.json"}
    sagemaker.create_pipeline(PipelineName=name, RoleArn=ROLE, PipelineDefinitionS3Location=location)
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == definition("s3")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "Either Pipeline Definition or Pipeline Definition S3 location should be provided"),
        ({"PipelineDefinition": "{"}, ""),
        (
            {"PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": [{"Name": "A", "Type": "Tea"}]})},
            "Tea",
        ),
        (
            {"PipelineDefinitionS3Location": {"Bucket": "no-such-bucket", "ObjectKey": "k"}},
            "Could not read the pipeline definition s3://no-such-bucket/k",
        ),
        (
            {
                "PipelineDefinition": definition(),
                "PipelineDefinitionS3Location": {"Bucket": "no-such-bucket", "ObjectKey": "k"},
            },
            "shouldn't be present",
        ),
        ({"PipelineDefinition": " " * 1_048_577}, "Member must have length less than or equal to 1048576"),
    ],
)
def test_a_pipeline_without_a_definition_that_can_run_is_refused_and_not_there(
    sagemaker: Any, name: str, request_: dict[str, Any], words: str
) -> None:
    code, message = refusal(sagemaker.create_pipeline, PipelineName=name, RoleArn=ROLE, **request_)
    assert code == "ValidationException"
    assert words in message
    assert refusal(sagemaker.describe_pipeline, PipelineName=name)[0] == "ResourceNotFound"


def test_pipelines_are_listed_by_prefix_date_and_manager(sagemaker: Any, name: str) -> None:
    for suffix in ("b", "a"):
        create(sagemaker, f"{name}-{suffix}")

    def listed(**request: Any) -> list[str]:
        found = sagemaker.list_pipelines(PipelineNamePrefix=name, **request)["PipelineSummaries"]
        return [one["PipelineName"][-1] for one in found]

    assert listed() == ["a", "b"]
    assert listed(SortOrder="Ascending") == ["b", "a"]
    assert listed(SortBy="Name", SortOrder="Ascending") == ["a", "b"]
    assert (listed(ManagedBy="AWS"), listed(ManagedBy="CUSTOMER")) == ([], ["a", "b"])
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert (listed(CreatedAfter=tomorrow), listed(CreatedBefore=tomorrow)) == ([], ["a", "b"])


def test_a_deleted_pipeline_is_gone_with_its_versions_and_tags(sagemaker: Any, name: str) -> None:
    arn = create(sagemaker, name, Tags=[{"Key": "k", "Value": "v"}])
    sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition("two"))
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert sagemaker.delete_pipeline(PipelineName=name)["PipelineArn"] == arn
    assert refusal(sagemaker.list_pipeline_versions, PipelineName=name)[0] == "ResourceNotFound"
    create(sagemaker, name)
    assert len(sagemaker.list_pipeline_versions(PipelineName=name)["PipelineVersionSummaries"]) == 1
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
