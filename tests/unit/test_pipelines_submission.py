"""Creating or updating a pipeline, starting it, waiting for it: against botocore's own check of requests and
answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.stub import Stubber

from pipelines.submission import (
    ExecutionStatus,
    ExecutionTimedOut,
    describe_execution,
    start_execution,
    upsert_pipeline,
    wait_for_execution,
)

ROLE = "arn:aws:iam::123456789012:role/SconesPipelineRole"
PIPELINE = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/SconesTraining"
EXECUTION = f"{PIPELINE}/execution/abcdefabcdef"
STARTED = datetime(2026, 11, 21, tzinfo=timezone.utc)
REQUEST = {"PipelineName": "SconesTraining", "RoleArn": ROLE, "PipelineDefinition": "{}"}
TAGS = [{"Key": "team", "Value": "routing"}]


class Uploads:
    """An S3 that remembers what was put."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, Bucket: str, Key: str, Body: bytes, **_rest: Any) -> None:
        self.objects[f"{Bucket}/{Key}"] = Body


@pytest.fixture
def stub() -> Iterator[Stubber]:
    client = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _upsert(stub: Stubber, **options: Any) -> Any:
    arguments: dict[str, Any] = {
        "name": "SconesTraining",
        "definition": "{}",
        "role_arn": ROLE,
        "bucket": "b",
    }
    return upsert_pipeline(stub.client, Uploads(), **{**arguments, **options})


def _answer(stub: Stubber, status: str, *steps: dict[str, Any]) -> None:
    execution = {"PipelineExecutionStatus": status, "CreationTime": STARTED, "LastModifiedTime": STARTED}
    stub.add_response("describe_pipeline_execution", execution, {"PipelineExecutionArn": EXECUTION})
    stub.add_response(
        "list_pipeline_execution_steps",
        {"PipelineExecutionSteps": list(steps)},
        {"PipelineExecutionArn": EXECUTION, "SortOrder": "Ascending"},
    )


def test_a_new_pipeline_is_created_with_its_tags(stub: Stubber) -> None:
    stub.add_response("create_pipeline", {"PipelineArn": PIPELINE}, {**REQUEST, "Tags": TAGS})
    registered = _upsert(stub, tags=TAGS)
    assert (registered.arn, registered.created) == (PIPELINE, True)


def test_an_existing_pipeline_is_updated_and_tagged(stub: Stubber) -> None:
    stub.add_client_error(
        "create_pipeline",
        "ValidationException",
        "Pipeline names must be unique within an AWS account and region. "
        "Pipeline with name (SconesTraining) already exists.",
    )
    stub.add_response("update_pipeline", {"PipelineArn": PIPELINE}, REQUEST)
    stub.add_response("add_tags", {"Tags": TAGS}, {"ResourceArn": PIPELINE, "Tags": TAGS})
    assert _upsert(stub, tags=TAGS).created is False


def test_another_refusal_is_not_taken_for_existing(stub: Stubber) -> None:
    stub.add_client_error("create_pipeline", "ValidationException", "Unable to parse pipeline definition.")
    with pytest.raises(ClientError, match="Unable to parse"):
        _upsert(stub)


def test_a_large_definition_goes_through_s3(stub: Stubber) -> None:
    definition, uploads = "x" * (100 * 1024 + 1), Uploads()
    location = {"Bucket": "artifacts", "ObjectKey": "SconesTraining/pipeline-definition.json"}
    request = {"PipelineName": "SconesTraining", "RoleArn": ROLE, "PipelineDefinitionS3Location": location}
    stub.add_response("create_pipeline", {"PipelineArn": PIPELINE}, request)
    upsert_pipeline(
        stub.client, uploads, name="SconesTraining", definition=definition, role_arn=ROLE, bucket="artifacts"
    )
    assert uploads.objects == {"artifacts/SconesTraining/pipeline-definition.json": definition.encode()}


def test_parameter_values_are_sent_as_strings(stub: Stubber) -> None:
    parameters = [{"Name": "Epochs", "Value": "3"}, {"Name": "AccuracyThreshold", "Value": "0.9"}]
    request = {"PipelineName": "SconesTraining", "PipelineParameters": parameters}
    stub.add_response("start_pipeline_execution", {"PipelineExecutionArn": EXECUTION}, request)
    assert start_execution(stub.client, "SconesTraining", {"Epochs": 3, "AccuracyThreshold": 0.9}) == EXECUTION


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Stopped"])
def test_waiting_ends_with_every_final_status(stub: Stubber, status: str) -> None:
    seen: list[ExecutionStatus] = []
    _answer(stub, "Executing")
    _answer(
        stub,
        status,
        {
            "StepName": "ExtractCifar",
            "StepStatus": "Succeeded",
            "StartTime": STARTED,
            "EndTime": STARTED + timedelta(seconds=7),
            "CacheHitResult": {"SourcePipelineExecutionArn": EXECUTION},
        },
    )
    final = wait_for_execution(stub.client, EXECUTION, poll_seconds=0, on_poll=seen.append)
    assert [execution.status for execution in seen] == ["Executing", status]
    assert (final.steps[0].seconds, final.steps[0].cached_from) == (7.0, EXECUTION)


def test_an_answer_cut_short_is_a_lost_connection(stub: Stubber) -> None:
    stub.add_response("describe_pipeline_execution", {}, {"PipelineExecutionArn": EXECUTION})
    with pytest.raises(ConnectionClosedError):
        describe_execution(stub.client, EXECUTION)


def test_waiting_gives_up_in_time_and_says_that_the_execution_goes_on(stub: Stubber) -> None:
    _answer(stub, "Executing")
    with pytest.raises(ExecutionTimedOut, match="goes on without us"):
        wait_for_execution(stub.client, EXECUTION, poll_seconds=0, timeout_seconds=0)
