"""InvokeEndpoint with boto3 on a running local AWS: real model servers, capture under load, and across a kill."""

from __future__ import annotations

import io
import json
import tarfile
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
CLIENTS = 16
LIGHT = """
import json, os
class Refused(Exception):
    status_code = 415
def model_fn(model_dir):
    return "model"
def input_fn(body, content_type):
    if content_type != "text/csv":
        raise Refused(f"no {content_type} here")
    if body == "die":
        os._exit(1)
    if body == "break":
        raise RuntimeError("it broke")
    return body
def predict_fn(data, model):
    return [model, data]
def output_fn(prediction, accept):
    return json.dumps(prediction), accept
"""


class Deployed:
    """An endpoint around a model that needs no torch, with everything captured."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.name = f"invoked-{uuid.uuid4().hex[:8]}"
        self.prefix = f"captured-{self.name}"
        sagemaker = server.client("sagemaker")
        key = f"models/{self.name}.tar.gz"
        server.client("s3").put_object(Bucket=server.bucket, Key=key, Body=archive({"code/inference.py": LIGHT}))
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{server.bucket}/{key}"}
        sagemaker.create_model(ModelName=self.name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        sagemaker.create_endpoint_config(
            EndpointConfigName=self.name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": self.name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
            DataCaptureConfig={
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://{server.bucket}/{self.prefix}",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
                "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
            },
        )
        sagemaker.create_endpoint(EndpointName=self.name, EndpointConfigName=self.name)
        wait_until(lambda: self.status() != "Creating", f"{self.name} to come up")
        assert self.status() == "InService", sagemaker.describe_endpoint(EndpointName=self.name)
        self.runtime = runtime_client(server)

    def status(self) -> str:
        """The endpoint's status, Deleted where there is none."""
        try:
            found = self.server.client("sagemaker").describe_endpoint(EndpointName=self.name)
        except ClientError:
            return "Deleted"
        return str(found["EndpointStatus"])

    def invoke(self, body: bytes, **members: Any) -> Any:
        """One request; what the model says."""
        request = {"ContentType": "text/csv", "Accept": "application/json", **members}
        answer = self.runtime.invoke_endpoint(EndpointName=self.name, Body=body, **request)
        return json.loads(answer["Body"].read())

    def delete(self) -> None:
        """Delete it and wait, by when everything captured is in S3."""
        self.server.client("sagemaker").delete_endpoint(EndpointName=self.name)
        wait_until(lambda: self.status() == "Deleted", f"{self.name} to be deleted")

    def captured(self) -> Counter[str]:
        """How often each InferenceId is in the records."""
        s3 = self.server.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.server.bucket, Prefix=f"{self.prefix}/")
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        bodies = [s3.get_object(Bucket=self.server.bucket, Key=key)["Body"].read() for key in keys]
        records = [json.loads(line) for body in bodies for line in body.splitlines()]
        return Counter(record["eventMetadata"]["inferenceId"] for record in records)


def archive(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return target.getvalue()


def runtime_client(server: Any) -> Any:
    """A client that tries once, so that no failure hides behind another attempt."""
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(max_pool_connections=CLIENTS, retries={"total_max_attempts": 1}),
    )


def in_threads(count: int, action: Callable[[int], None]) -> list[BaseException]:
    """Run the action in so many threads; what they raised."""
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            action(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return failures


@pytest.fixture(scope="module")
def deployed(local_aws: Any) -> Iterator[Deployed]:
    made = Deployed(local_aws)
    yield made
    if made.status() != "Deleted":
        made.delete()


def refused(deployed: Deployed, method: str = "invoke_endpoint", **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        getattr(deployed.runtime, method)(**{"EndpointName": deployed.name, "Body": b"1", **request})
    return dict(caught.value.response)


def test_boto3_gets_the_models_answer(deployed: Deployed) -> None:
    answer = deployed.runtime.invoke_endpoint(
        EndpointName=deployed.name, Body=b"1,2", ContentType="text/csv", Accept="application/json", InferenceId="one"
    )
    assert json.loads(answer["Body"].read()) == ["model", "1,2"]
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("application/json", "AllTraffic")


@pytest.mark.parametrize(
    ("request_", "status", "kind", "says"),
    [
        ({"ContentType": "image/png"}, 415, "client", "no image/png here"),
        ({"ContentType": "text/csv", "Body": b"break"}, 500, "server", "it broke"),
    ],
)
def test_the_models_errors_are_raised_as_model_errors(
    deployed: Deployed, request_: dict[str, Any], status: int, kind: str, says: str
) -> None:
    response = refused(deployed, **request_)
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"].startswith(says)
    assert response["Error"]["Message"].startswith(
        f'Received {kind} error ({status}) from primary with message "{says}'
    )


def test_a_request_that_kills_its_process_is_the_models_error_and_the_next_is_answered(deployed: Deployed) -> None:
    response = refused(deployed, Body=b"die", ContentType="text/csv")
    assert (response["Error"]["Code"], response["OriginalStatusCode"]) == ("ModelError", 0)

    def answered() -> bool:
        try:
            return bool(deployed.invoke(b"1", InferenceId="after") == ["model", "1"])
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("ServiceUnavailable", "ModelError")
            return False

    wait_until(answered, "an answer")


def test_seven_megabytes_are_refused_and_the_connection_serves_on(deployed: Deployed) -> None:
    response = refused(deployed, Body=b"x" * 7_000_000, ContentType="text/csv")
    assert response["Error"] == {"Code": "413", "Message": "HTTP content length exceeded 6291456 bytes."}
    assert deployed.invoke(b"1", InferenceId="on") == ["model", "1"]


def test_what_is_not_offered_is_refused_by_name(deployed: Deployed) -> None:
    asynchronous = {"Body": b"1", "InputLocation": f"s3://{deployed.server.bucket}/key"}
    for method, request in (("invoke_endpoint_async", asynchronous), ("invoke_endpoint_with_response_stream", {})):
        error = refused(deployed, method, **request)["Error"]
        assert error["Code"] == "UnsupportedOperation"
        assert "InvokeEndpoint alone" in error["Message"]
    assert "SessionId is not supported" in refused(deployed, SessionId="NEW_SESSION")["Error"]["Message"]


def test_an_endpoint_that_is_not_there_is_not_found(deployed: Deployed) -> None:
    with pytest.raises(deployed.runtime.exceptions.ValidationError, match="Endpoint nobody of account"):
        deployed.runtime.invoke_endpoint(EndpointName="nobody", Body=b"1")


def test_under_load_every_request_is_answered_captured_once_and_counted(local_aws: Any) -> None:
    """Two thousand requests of sixteen clients; deleting the endpoint flushes what they left."""
    deployed = Deployed(local_aws)
    each = 125

    def client(thread: int) -> None:
        for number in range(each):
            assert deployed.invoke(b"%d" % number, InferenceId=f"{thread}-{number}") == ["model", str(number)]

    assert in_threads(CLIENTS, client) == []
    deployed.delete()
    assert deployed.captured() == Counter(f"{t}-{n}" for t in range(CLIENTS) for n in range(each))
    wait_until(lambda: counted(deployed) == CLIENTS * each, lambda: f"the count, which is {counted(deployed)}")


def counted(deployed: Deployed) -> float:
    now = datetime.now(timezone.utc)
    found = deployed.server.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[
            {"Name": "EndpointName", "Value": deployed.name},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def test_a_killed_server_has_every_answered_requests_record_exactly_once(own_local_aws: Any) -> None:
    """Clients go on until the server is gone: what was answered is captured; what was not may be, once."""
    deployed = Deployed(own_local_aws)
    sent: list[str] = []
    answered: list[str] = []
    enough = threading.Event()

    def client(thread: int) -> None:
        for number in range(100_000):
            name = f"{thread}-{number}"
            sent.append(name)
            try:
                deployed.invoke(b"1", InferenceId=name)
            except (BotoCoreError, ClientError):
                return
            answered.append(name)
            if len(answered) >= 200:
                enough.set()

    clients = threading.Thread(target=in_threads, args=(4, client))
    clients.start()
    assert enough.wait(PATIENCE_SECONDS)
    own_local_aws.kill()
    clients.join(PATIENCE_SECONDS)
    own_local_aws.start()
    captured = deployed.captured()
    assert set(captured.values()) == {1}
    assert set(answered) <= set(captured) <= set(sent)
