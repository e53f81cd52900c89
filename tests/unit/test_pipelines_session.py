"""The target: what comes from where, and what is said when something is missing."""

from __future__ import annotations

import pytest

from pipelines.session import (
    LOCAL_ROLE_ARN,
    TargetNotConfigured,
    offline_target,
    open_target,
    target_from_environment,
)

ENDPOINT = "http://127.0.0.1:4570"
AWS = {
    "AWS_REGION": "eu-west-1",
    "SAGEMAKER_PIPELINE_ROLE_ARN": "arn:aws:iam::999999999999:role/Pipelines",
    "ARTIFACT_BUCKET": "artifacts",
}


def test_local_has_an_account_of_its_own() -> None:
    target = open_target("local", endpoint_url=ENDPOINT, environ={})
    assert (target.region, target.role_arn) == ("us-east-1", LOCAL_ROLE_ARN)
    assert target.bucket == "scones-unlimited-us-east-1-123456789012"


@pytest.mark.parametrize("name", ["SCONES_LOCAL_ENDPOINT", "AWS_ENDPOINT_URL"])
def test_local_finds_its_endpoint_in_the_environment(name: str) -> None:
    assert open_target("local", environ={name: ENDPOINT + "/"}).endpoint_url == ENDPOINT


def test_local_does_not_take_the_bucket_and_role_of_a_shell_set_up_for_aws() -> None:
    target = open_target("local", endpoint_url=ENDPOINT, environ=AWS)
    assert target.bucket == "scones-unlimited-eu-west-1-123456789012"
    assert target.role_arn == LOCAL_ROLE_ARN


def test_local_without_an_endpoint_says_how_to_start_one() -> None:
    with pytest.raises(TargetNotConfigured, match="scones up"):
        open_target("local", environ={})


def test_aws_is_read_from_the_environment() -> None:
    target = open_target("aws", environ=AWS)
    assert (target.region, target.bucket, target.endpoint_url) == ("eu-west-1", "artifacts", None)


def test_aws_names_everything_that_is_missing_in_one_line() -> None:
    with pytest.raises(TargetNotConfigured) as caught:
        open_target("aws", environ={"AWS_REGION": "eu-west-1"})
    message = str(caught.value)
    assert "SAGEMAKER_PIPELINE_ROLE_ARN" in message and "ARTIFACT_BUCKET" in message
    assert "AWS_REGION" not in message and "\n" not in message


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SCONES_LOCAL_ENDPOINT": ENDPOINT}, "local"),
        ({**AWS, "AWS_ENDPOINT_URL": "http://localhost:4570"}, "local"),
        (AWS, "aws"),
        ({**AWS, "AWS_ENDPOINT_URL": "https://vpce-1.sagemaker.eu-west-1.vpce.amazonaws.com"}, "aws"),
    ],
)
def test_the_environment_points_to_this_machine_or_to_aws(environ: dict[str, str], expected: str) -> None:
    assert target_from_environment(environ=environ).name == expected


def test_every_client_of_a_local_target_speaks_to_its_endpoint() -> None:
    target = open_target("local", endpoint_url=ENDPOINT, environ={})
    assert target.client("sagemaker").meta.endpoint_url == ENDPOINT
    assert target.boto_session.client("s3").meta.endpoint_url == ENDPOINT
    assert target.boto_session.resource("s3").meta.client.meta.endpoint_url == ENDPOINT
    credentials = target.boto_session.get_credentials()
    assert credentials is not None and credentials.access_key == "test"


def test_a_client_is_made_once() -> None:
    target = offline_target()
    assert target.client("s3") is target.client("s3")


def test_the_offline_target_reaches_nobody() -> None:
    from botocore.exceptions import EndpointConnectionError

    client = offline_target().boto_session.client("s3")
    with pytest.raises(EndpointConnectionError):
        client.list_buckets()
