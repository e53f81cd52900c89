"""boto3 raises against the local AWS what it raises against the service: codes, messages, statuses."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS

SCOPE = "20260101/us-east-1/sagemaker/aws4_request"
SIGNED = f"AWS4-HMAC-SHA256 Credential=test/{SCOPE}, SignedHeaders=host, Signature=0"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"


@pytest.fixture(scope="module")
def unchecked(local_aws: Any) -> Any:
    """A client that sends what it is given, so that the server is the one to refuse it."""
    return boto3.client(
        "sagemaker",
        endpoint_url=local_aws.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


def post(url: str, target: str, body: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)
    headers = {"X-Amz-Target": target, "Authorization": SIGNED, "Content-Type": "application/x-amz-json-1.1"}
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, {key.lower(): value for key, value in response.getheaders()}, answer


def error_of(client: Any, method: str, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**request)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_validation_error_carries_the_services_message_to_boto3(unchecked: Any) -> None:
    assert error_of(unchecked, "describe_model", ModelName="no_good") == (
        "ValidationException",
        "1 validation error detected: Value 'no_good' at 'modelName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?",
    )


def test_a_missing_member_is_refused(unchecked: Any) -> None:
    code, message = error_of(unchecked, "describe_model")
    assert code == "ValidationException"
    assert message.endswith("Value null at 'modelName' failed to satisfy constraint: Member must not be null")


def test_a_modelled_error_is_raised_as_its_own_class(local_aws: Any) -> None:
    client = local_aws.client("sagemaker")
    with pytest.raises(client.exceptions.ResourceNotFound, match=r"Pipeline '.*' does not exist\."):
        client.describe_pipeline(PipelineName="never-made")


@pytest.mark.parametrize(
    ("method", "request_", "code", "message"),
    [
        (
            "describe_model",
            {"ModelName": "none"},
            "ValidationException",
            f'Could not find model "{ARN}:model/none".',
        ),
        (
            "delete_model",
            {"ModelName": "none"},
            "ValidationException",
            f'Could not find model "{ARN}:model/none".',
        ),
        (
            "describe_model_package_group",
            {"ModelPackageGroupName": "none"},
            "ValidationException",
            f"ModelPackageGroup {ARN}:model-package-group/none does not exist.",
        ),
        (
            "get_model_package_group_policy",
            {"ModelPackageGroupName": "none"},
            "ValidationException",
            f"Cannot find Model Package Group: {ARN}:model-package-group/none",
        ),
        (
            "describe_model_package",
            {"ModelPackageName": "none/1"},
            "ValidationException",
            f"ModelPackage {ARN}:model-package/none/1 does not exist.",
        ),
        (
            "describe_pipeline",
            {"PipelineName": "none"},
            "ResourceNotFound",
            f"Pipeline '{ARN}:pipeline/none' does not exist.",
        ),
        (
            "list_tags",
            {"ResourceArn": f"{ARN}:model/none"},
            "ValidationException",
            f"The resource {ARN}:model/none does not exist.",
        ),
        ("list_models", {"NextToken": "nonsense"}, "ValidationException", "Invalid pagination token"),
    ],
)
def test_what_is_not_there_is_said_in_the_services_words(
    local_aws: Any, method: str, request_: dict[str, Any], code: str, message: str
) -> None:
    assert error_of(local_aws.client("sagemaker"), method, **request_) == (code, message)


def test_an_operation_of_the_service_that_is_not_offered_is_refused(local_aws: Any) -> None:
    code, message = error_of(local_aws.client("sagemaker"), "create_experiment", ExperimentName="e")
    assert (code, message) == (
        "UnknownOperationException",
        "CreateExperiment is not supported by this local AWS.",
    )


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("SageMaker.DescribeModel", b"{", "SerializationException"),
        ("SageMaker.DescribeModel", b"\xff", "SerializationException"),
        ("SageMaker.DescribeModel", b"[" * 100_000, "SerializationException"),
        ("SageMaker.DescribeModel", b"[]", "SerializationException"),
        ("SageMaker.DescribeModel", b'{"ModelName": 3}', "SerializationException"),
        ("SageMaker.ListModels", b'{"MaxResults": NaN}', "SerializationException"),
        ("SageMaker.ListModels", b'{"CreationTimeAfter": "yesterday"}', "SerializationException"),
        ("SageMaker.ListModels", b'{"CreationTimeAfter": true}', "SerializationException"),
        ("SageMaker.ListModels", b'{"CreationTimeAfter": 1e300}', "SerializationException"),
        ("SageMaker.DescribeModel", b"", "ValidationException"),
        ("SageMaker.CreateCoffee", b"{}", "UnknownOperationException"),
    ],
)
def test_a_malformed_request_is_answered_with_json_and_a_status_of_400(
    local_aws: Any, target: str, body: bytes, code: str
) -> None:
    status, headers, answer = post(local_aws.url, target, body)
    assert (status, answer["__type"], set(answer)) == (400, code, {"__type", "message"})
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert len(headers["x-amzn-requestid"]) == 36


@pytest.mark.parametrize("moment", ["1", "1.5", '"1970-01-01T00:00:01Z"', '"1970-01-01T02:00:01+02:00"', "null"])
def test_timestamps_of_a_request_are_numbers_or_iso_text(local_aws: Any, moment: str) -> None:
    body = f'{{"CreationTimeAfter": {moment}, "NameContains": "never"}}'.encode()
    assert post(local_aws.url, "SageMaker.ListModels", body)[::2] == (200, {"Models": []})
