"""Batch transform jobs, as boto3 sees them: a real model server around a model that needs no torch."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
ENDED = ("Completed", "Failed", "Stopped")

ECHO = """
import json, os
def model_fn(model_dir):
    return open(os.path.join(model_dir, "weights.txt")).read()
def input_fn(body, content_type):
    if body in (b"bad", "bad"):
        raise ValueError("cannot read this record")
    return body if isinstance(body, str) else f"{len(body)} bytes"
def predict_fn(data, model):
    return [model, data, os.environ.get("COLOUR", "none")]
def output_fn(prediction, accept):
    return json.dumps(prediction), accept
"""


def tar_gz(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return target.getvalue()


class Jobs:
    """Creates transform jobs and waits for their end."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.client = server.client("sagemaker")
        self.s3 = server.client("s3")
        self.prefix = f"transform-{uuid.uuid4().hex[:8]}"

    def uri(self, key: str) -> str:
        return f"s3://{self.server.bucket}/{self.prefix}/{key}"

    def put(self, key: str, content: bytes) -> str:
        self.s3.put_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}", Body=content)
        return self.uri(key)

    def results(self) -> dict[str, Any]:
        """The output objects, by key below the output path."""
        found = self.s3.list_objects_v2(Bucket=self.server.bucket, Prefix=f"{self.prefix}/out/").get("Contents", [])
        read = {item["Key"]: self.s3.get_object(Bucket=self.server.bucket, Key=item["Key"]) for item in found}
        return {key.removeprefix(f"{self.prefix}/out/"): got["Body"].read() for key, got in read.items()}

    def model(self, files: dict[str, str], **container: Any) -> str:
        name = f"model-{uuid.uuid4().hex[:12]}"
        data = self.put(f"{name}/model.tar.gz", tar_gz(files))
        self.client.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": data, **container},
        )
        return name

    def echo(self, **container: Any) -> str:
        return self.model({"weights.txt": "W", "code/inference.py": ECHO}, **container)

    def create(self, model: str, below: str = "in/", **request: Any) -> str:
        name = f"job-{uuid.uuid4().hex[:12]}"
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.uri(below)}}
        resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, **request.pop("resources", {})}
        self.client.create_transform_job(
            **{
                "TransformJobName": name,
                "ModelName": model,
                "TransformInput": {
                    "DataSource": source,
                    "ContentType": "text/csv",
                    **request.pop("input", {}),
                },
                "TransformOutput": {"S3OutputPath": self.uri("out"), **request.pop("output", {})},
                "TransformResources": resources,
                **request,
            }
        )
        return name

    def ended(self, name: str) -> dict[str, Any]:
        def described() -> dict[str, Any]:
            return dict(self.client.describe_transform_job(TransformJobName=name))

        wait_until(lambda: described()["TransformJobStatus"] in ENDED, lambda: f"the job to end: {described()}")
        return described()

    def run(self, model: str, below: str = "in/", **request: Any) -> dict[str, Any]:
        return self.ended(self.create(model, below, **request))


@pytest.fixture
def jobs(local_aws: Any) -> Jobs:
    return Jobs(local_aws)


def test_every_object_is_answered_in_its_own_out_file(jobs: Jobs) -> None:
    for number in range(5):
        jobs.put(f"in/{number % 2}/{number}.csv", f"{number}".encode())
    described = jobs.run(
        jobs.echo(Environment={"COLOUR": "red", "SHAPE": "round"}),
        Environment={"COLOUR": "blue"},
        MaxConcurrentTransforms=2,
        output={"Accept": "application/json"},
    )
    assert described["TransformJobStatus"] == "Completed", described
    assert described["CreationTime"] <= described["TransformStartTime"] <= described["TransformEndTime"]
    answers = {key: json.loads(body) for key, body in jobs.results().items()}
    assert answers == {f"{n % 2}/{n}.csv.out": ["W", str(n), "blue"] for n in range(5)}


def test_lines_are_sent_one_by_one_and_assembled_in_order(jobs: Jobs) -> None:
    jobs.put("in/rows.csv.gz", gzip.compress(b"1,2\n3,4\r\n5,6\n"))
    described = jobs.run(
        jobs.echo(),
        "in/rows.csv.gz",
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=3,
        input={"SplitType": "Line", "CompressionType": "Gzip"},
        output={"AssembleWith": "Line"},
    )
    assert described["TransformJobStatus"] == "Completed", described
    (body,) = jobs.results().values()
    assert [json.loads(line)[1] for line in body.splitlines()] == ["1,2", "3,4", "5,6"]


def test_a_model_of_a_registered_package_is_served(jobs: Jobs) -> None:
    data = jobs.put("package/model.tar.gz", tar_gz({"weights.txt": "P", "code/inference.py": ECHO}))
    container = {"Image": IMAGE, "ModelDataUrl": data, "Environment": {"COLOUR": "green"}}
    group = f"group-{uuid.uuid4().hex[:8]}"
    jobs.client.create_model_package_group(ModelPackageGroupName=group)
    package = jobs.client.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )
    name = f"model-{uuid.uuid4().hex[:12]}"
    jobs.client.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"ModelPackageName": package["ModelPackageArn"]},
    )
    jobs.put("in/a.csv", b"1")
    assert jobs.run(name)["TransformJobStatus"] == "Completed"
    assert [json.loads(body) for body in jobs.results().values()] == [["P", "1", "green"]]


def test_a_model_error_fails_the_job_and_leaves_no_output(jobs: Jobs) -> None:
    jobs.put("in/a.csv", b"fine")
    bad = jobs.put("in/b.csv", b"bad")
    described = jobs.run(jobs.echo(), ModelClientConfig={"InvocationsMaxRetries": 0})
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"] == (
        f"AlgorithmError: See job logs for more information: {bad}: 500: cannot read this record"
    )
    assert jobs.results() == {}


def test_a_request_that_takes_too_long_fails_the_job(jobs: Jobs) -> None:
    slow = "import time\ndef model_fn(d): return 1\ndef transform_fn(m, d, c, a): time.sleep(600)\n"
    jobs.put("in/a.csv", b"1")
    client = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    described = jobs.run(jobs.model({"code/inference.py": slow}), ModelClientConfig=client)
    assert "no response within 1 s" in described["FailureReason"]


def test_a_model_that_cannot_be_loaded_says_why(jobs: Jobs) -> None:
    jobs.put("in/a.csv", b"1")
    described = jobs.run(jobs.model({"code/inference.py": "import module_that_is_not_there"}))
    assert described["TransformJobStatus"] == "Failed"
    assert "ModuleNotFoundError: No module named 'module_that_is_not_there'" in described["FailureReason"]


def test_an_object_larger_than_a_payload_may_be_fails_the_job(jobs: Jobs) -> None:
    jobs.put("in/large.bin", b"x" * (1 << 20 | 1))
    described = jobs.run(jobs.echo(), MaxPayloadInMB=1, input={"ContentType": "image/png"})
    assert "more than MaxPayloadInMB allows (1 MB)" in described["FailureReason"]


def test_a_stopped_job_stores_nothing(jobs: Jobs) -> None:
    slow = ECHO + "\nimport time\ndef predict_fn(data, model):\n    time.sleep(600 if data == 'wait' else 0)\n"
    jobs.put("in/a.csv", b"1")
    jobs.put("in/b.csv", b"wait")
    name = jobs.create(jobs.model({"weights.txt": "W", "code/inference.py": slow}))
    jobs.client.stop_transform_job(TransformJobName=name)
    assert jobs.ended(name)["TransformJobStatus"] == "Stopped"
    assert jobs.results() == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": {"SplitType": "RecordIO"}}, "SplitType RecordIO is not supported"),
        ({"DataProcessing": {"InputFilter": "$[1:]"}}, "DataProcessing.InputFilter"),
        ({"resources": {"InstanceCount": 2}}, "InstanceCount 2 is not supported"),
        ({"MaxConcurrentTransforms": 20, "MaxPayloadInMB": 6}, "must not exceed 100 MB"),
        ({"ModelName": "no-such-model"}, 'Could not find model "arn:aws:sagemaker:'),
        ({"below": "nothing/"}, "No S3 objects found under S3 URL"),
    ],
)
def test_what_is_not_supported_is_refused_at_once(jobs: Jobs, change: dict[str, Any], message: str) -> None:
    jobs.put("in/a.csv", b"1")
    with pytest.raises(ClientError, match=message) as refused:
        jobs.create(jobs.echo(), **change)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
