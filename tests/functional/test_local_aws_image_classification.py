"""The built-in image-classification algorithm as boto3 and the SDK see it: job, model, endpoint, batch transform."""

from __future__ import annotations

import io
import json
import re
import tarfile
import uuid
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from tests.waiting import wait_until

ROLE = "arn:aws:iam::123456789012:role/pipeline"
IMAGES = 8
HYPERPARAMETERS = {
    "num_classes": "2",
    "num_training_samples": str(IMAGES),
    "image_shape": "3,32,32",
    "num_layers": "20",
    "mini_batch_size": "4",
    "epochs": "1",
    "augmentation_type": "crop_color_transform",
}


def image_uri() -> str:
    from sagemaker.core import image_uris

    return str(image_uris.retrieve("image-classification", "us-east-1"))


def png(number: int) -> bytes:
    noise = numpy.random.default_rng(number).integers(0, 128, (32, 32, 3))
    noise[..., number % 2] += 127
    target = io.BytesIO()
    Image.fromarray(noise.astype(numpy.uint8)).save(target, "PNG")
    return target.getvalue()


class Algorithm:
    """Creates jobs of the algorithm over eight images, and waits for their ends."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.client = server.client("sagemaker")
        self.prefix = f"built-in-{uuid.uuid4().hex[:8]}"
        for channel in ("train", "validation"):
            for number in range(IMAGES):
                self.put(f"{channel}/{number}.png", png(number))
            rows = "".join(f"{number}\t{number % 2}\t{number}.png\n" for number in range(IMAGES))
            self.put(f"{channel}_lst/{channel}.lst", rows.encode())

    def uri(self, key: str) -> str:
        return f"s3://{self.server.bucket}/{self.prefix}/{key}"

    def put(self, key: str, content: bytes) -> None:
        self.server.client("s3").put_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}", Body=content)

    def get(self, key: str) -> bytes:
        found = self.server.client("s3").get_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}")
        return bytes(found["Body"].read())

    def create(
        self, instance_type: str = "ml.g4dn.xlarge", algorithm: dict[str, Any] | None = None, **more: str
    ) -> str:
        name = f"{self.prefix}-{uuid.uuid4().hex[:6]}"
        self.client.create_training_job(
            TrainingJobName=name,
            RoleArn=ROLE,
            AlgorithmSpecification={"TrainingImage": image_uri(), "TrainingInputMode": "File", **(algorithm or {})},
            HyperParameters={**HYPERPARAMETERS, **more},
            InputDataConfig=[
                {
                    "ChannelName": channel,
                    "ContentType": "application/x-image",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{self.uri(channel)}/"}},
                }
                for channel in ("train", "validation", "train_lst", "validation_lst")
            ],
            OutputDataConfig={"S3OutputPath": self.uri("out")},
            ResourceConfig={"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
        )
        return name

    def run(self, **more: Any) -> dict[str, Any]:
        name = self.create(**more)
        return until(lambda: self.client.describe_training_job(TrainingJobName=name), "TrainingJobStatus")

    def log(self, name: str) -> str:
        logs = self.server.client("logs")
        group = "/aws/sagemaker/TrainingJobs"
        (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
        events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
        return "\n".join(event["message"] for event in events["events"])


def until(describe: Callable[[], dict[str, Any]], member: str) -> dict[str, Any]:
    """The description when its status has come to rest."""

    def at_rest() -> dict[str, Any] | None:
        found = describe()
        return None if found[member] in ("InProgress", "Creating") else found

    found: dict[str, Any] = wait_until(at_rest, lambda: f"{member} to come to rest: {describe()}")
    return found


@pytest.fixture
def algorithm(local_aws: Any) -> Algorithm:
    return Algorithm(local_aws)


def test_a_trained_model_serves_an_endpoint_and_a_batch_transform(algorithm: Algorithm) -> None:
    job = algorithm.run()

    assert job["TrainingJobStatus"] == "Completed", job
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    log = algorithm.log(job["TrainingJobName"])
    for name, label in (("train:accuracy", "Train"), ("validation:accuracy", "Validation")):
        assert metrics[name] == float(re.findall(rf"\] Epoch\[0\] {label}-accuracy=([0-9.]+)", log)[-1])
    defined = job["AlgorithmSpecification"]["MetricDefinitions"]
    assert [definition["Name"] for definition in defined] == ["train:accuracy", "validation:accuracy"]
    archive = algorithm.get(f"out/{job['TrainingJobName']}/output/model.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(archive)) as model:
        assert sorted(model.getnames()) == [
            "image-classification-0001.params",
            "image-classification-symbol.json",
            "model-shapes.json",
        ]

    name = job["TrainingJobName"]
    container = {"Image": image_uri(), "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    algorithm.client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    answered = _answers_of_an_endpoint(algorithm, name)
    transformed = _answers_of_a_transform(algorithm, name)

    assert len(answered) == 2 and sum(answered) == pytest.approx(1)
    # the guide: JSON from an endpoint, JSON Lines from a batch transform
    assert transformed == {"prediction": answered}


def _answers_of_an_endpoint(algorithm: Algorithm, name: str) -> list[float]:
    client, runtime = algorithm.client, algorithm.server.client("sagemaker-runtime")
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    try:
        endpoint = until(lambda: client.describe_endpoint(EndpointName=name), "EndpointStatus")
        assert endpoint["EndpointStatus"] == "InService", endpoint
        for content_type, body, status in (("text/csv", b"1,2", 415), ("image/png", b"no image", 400)):
            with pytest.raises(ClientError) as refused:
                runtime.invoke_endpoint(EndpointName=name, ContentType=content_type, Body=body)
            assert refused.value.response["OriginalStatusCode"] == status
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="application/x-image", Body=png(1))
        assert answer["ContentType"] == "application/json"
        return [float(one) for one in json.loads(answer["Body"].read())]
    finally:
        client.delete_endpoint(EndpointName=name)


def _answers_of_a_transform(algorithm: Algorithm, name: str) -> Any:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": algorithm.uri("train/1.png")}}
    algorithm.client.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        TransformInput={"DataSource": source, "ContentType": "application/x-image"},
        TransformOutput={"S3OutputPath": algorithm.uri("scores")},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    job = until(lambda: algorithm.client.describe_transform_job(TransformJobName=name), "TransformJobStatus")
    assert job["TransformJobStatus"] == "Completed", job
    return json.loads(algorithm.get("scores/1.png.out"))


def test_mistakes_of_the_customer_are_the_reason_of_a_failure(algorithm: Algorithm) -> None:
    unknown = algorithm.run(**{"augmentation type": "crop"})
    algorithm.put("train_lst/train.lst", b"0\t2\t0.png\n")
    label = algorithm.run()

    assert unknown["TrainingJobStatus"] == label["TrainingJobStatus"] == "Failed"
    assert unknown["FailureReason"] == (
        "ClientError: Additional hyperparameters are not allowed ('augmentation type' was unexpected), exit code: 2"
    )
    assert label["FailureReason"].startswith(
        "ClientError: Invalid lst file in the train_lst channel. row 1 of train.lst"
    )


def test_what_the_service_refuses_of_a_built_in_algorithm(algorithm: Algorithm) -> None:
    with pytest.raises(ClientError) as refused:
        algorithm.create(instance_type="ml.m5.xlarge")
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Instance type ml.m5.xlarge is not supported by algorithm image-classification; only GPU instances "
        "are supported.",
    }
    definitions = [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}]
    with pytest.raises(ClientError, match="You can't override the metric definitions for Amazon SageMaker algorithms"):
        algorithm.create(algorithm={"MetricDefinitions": definitions})
