"""The monitor's commands against the running local AWS: a baseline, schedules, executions, and another version."""

from __future__ import annotations

import io
import json
import random
import tarfile
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli.application import app
from pipelines.deployment.endpoint_safeguards.aws import Aws
from pipelines.deployment.endpoint_safeguards.monitoring import move_schedules
from pipelines.names import CLASSES, GROUND_TRUTH_PREFIX, MODEL_PACKAGE_GROUP_NAME
from pipelines.session import open_target
from pipelines.workflow.review_queue import record
from tests.waiting import PATIENCE_SECONDS

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
# It takes wide pictures for motorcycles, and is a little less sure of some.
SERVING_CODE = b"""
import json
def model_fn(model_dir):
    return None
def input_fn(body, content_type):
    return bytes(body)
def predict_fn(data, model):
    wide = data[19] > 32
    sure = 0.90 + (sum(data) % 90) / 1000
    return [1 - sure, sure] if wide else [sure, 1 - sure]
def output_fn(prediction, accept):
    return json.dumps(prediction), accept
"""
WIDTHS = {"bicycle": 32, "motorcycle": 40}


class Monitored:
    """An endpoint of a package that carries no baseline, and pictures for it."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.target = open_target("local", endpoint_url=server.url, environ={})
        self.sagemaker, self.s3 = self.target.client("sagemaker"), self.target.client("s3")
        self.runtime = self.target.client("sagemaker-runtime")
        self.s3.create_bucket(Bucket=self.target.bucket)
        try:
            self.sagemaker.create_model_package_group(ModelPackageGroupName=MODEL_PACKAGE_GROUP_NAME)
        except ClientError as error:
            assert "already exists" in str(error)
        self.endpoint = f"watched-{uuid.uuid4().hex[:8]}"
        self.pictures = folder / "pictures"
        self.package = self.register()
        self._serve()
        for name in CLASSES:
            (self.pictures / name).mkdir(parents=True)
            for number in range(30):
                (self.pictures / name / f"{number}.png").write_bytes(picture(WIDTHS[name], number))

    def register(self, **more: Any) -> str:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(SERVING_CODE)
            archive.addfile(member, io.BytesIO(SERVING_CODE))
        key = f"models/{uuid.uuid4().hex}/model.tar.gz"
        self.s3.put_object(Bucket=self.target.bucket, Key=key, Body=content.getvalue())
        container = {
            "Image": IMAGE,
            "ModelDataUrl": f"s3://{self.target.bucket}/{key}",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            },
        }
        made: str = self.sagemaker.create_model_package(
            ModelPackageGroupName=MODEL_PACKAGE_GROUP_NAME,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["image/png"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            CustomerMetadataProperties={"classes": " ".join(CLASSES)},
            **more,
        )["ModelPackageArn"]
        return made

    def _serve(self) -> None:
        name = self.endpoint
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.target.role_arn,
            Containers=[{"ModelPackageName": self.package}],
        )
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
            DataCaptureConfig={
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://{self.target.bucket}/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
                "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
            },
        )
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": int(PATIENCE_SECONDS / 0.2)}
        )

    def send(self, body: bytes, content_type: str = "image/png") -> None:
        self.runtime.invoke_endpoint(EndpointName=self.endpoint, Body=body, ContentType=content_type, Accept=JSON)

    def answer(self, body: bytes, inference_id: str, label: str) -> None:
        """Ask, and say what it really was, as the review queue does."""
        self.runtime.invoke_endpoint(
            EndpointName=self.endpoint, Body=body, ContentType="image/png", Accept=JSON, InferenceId=inference_id
        )
        hour = datetime.now(timezone.utc).strftime("%Y/%m/%d/%H")
        self.s3.put_object(
            Bucket=self.target.bucket,
            Key=f"{GROUND_TRUTH_PREFIX}/{self.endpoint}/{hour}/{inference_id}.jsonl",
            Body=json.dumps(record(inference_id, CLASSES[int(label)])).encode() + b"\n",
        )


JSON = "application/json"


def picture(width: int, seed: int, light: float = 1.0) -> bytes:
    """A PNG of noise around a grey, light to the same degree in each of the first 30 seeds."""
    chance = random.Random(seed)
    grey = 90 + chance.randrange(60)
    pixels = bytes(int(light * min(255, max(0, grey + chance.randrange(-40, 40)))) for _ in range(width * 32 * 3))
    made = io.BytesIO()
    Image.frombytes("RGB", (width, 32), pixels).save(made, "PNG")
    return made.getvalue()


@pytest.fixture(scope="module")
def monitored(local_aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Monitored(local_aws, tmp_path_factory.mktemp("monitored"))
    yield made
    made.sagemaker.delete_endpoint(EndpointName=made.endpoint)


@pytest.fixture
def scones(monitored: Monitored, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SCONES_LOCAL_ENDPOINT", str(monitored.target.endpoint_url))

    def run(*arguments: str, code: int = 0) -> Any:
        done = CliRunner().invoke(app, ["monitor", *arguments, "--endpoint", monitored.endpoint, "--json"])
        if done.exit_code != code or (done.exception and not isinstance(done.exception, SystemExit)):
            raise done.exception or AssertionError(done.output)
        return json.loads(done.stdout)

    return run


def test_from_a_baseline_to_violations_and_another_version(monitored: Monitored, scones: Any) -> None:
    # before there is anything
    assert scones("status") == []

    # a baseline, from pictures of known classes; the same pictures lead to the same one
    renewed = scones("baseline", "--renew", "--pictures", str(monitored.pictures))
    assert renewed["items"] == 60
    assert renewed["package_arn"] == monitored.package
    document = json.loads(read(monitored, f"{renewed['origin']}/baseline.json"))
    assert (document["model_package_arn"], document["pictures"]) == (monitored.package, 60)
    assert scones("baseline", "--renew", "--pictures", str(monitored.pictures)) == renewed

    # schedules that use it, made once
    made = scones("schedule", "--baseline", "renewed")["schedules"]
    assert [one["action"] for one in made] == ["created", "created"]
    again = scones("schedule", "--baseline", "renewed")["schedules"]
    assert [one["action"] for one in again] == ["unchanged", "unchanged"]

    # the same kind of pictures: nothing to be said of them
    found = scones("run")
    assert found["status"] == "Completed", found

    # dark ones, more than the ordinary ones that the baseline was made with
    dark = [picture(width, seed, light=0.3) for seed in range(30) for width in WIDTHS.values()]
    for body in dark * 3:
        monitored.send(body)
    found = scones("run", code=3)
    assert found["status"] == "CompletedWithViolations"
    assert "brightness" in {violation["name"] for violation in found["violations"]}
    assert read(monitored, f"{found['report']}/constraint_violations.json")

    # labels that say that one of ten answers was wrong, where the baseline had none
    for number, (name, width) in enumerate(WIDTHS.items()):
        for seed in range(10):
            label = number if seed else 1 - number
            monitored.answer(picture(width, seed), f"{name}-{seed}", str(label))
    found = scones("run", "--quality", "--hours", "2", code=3)
    assert found["problem"] is None
    assert "accuracy" in {violation["name"] for violation in found["violations"]}

    # all of it is in the status
    status = {one["name"]: one for one in scones("status")}
    now = f"{monitored.endpoint}-data-quality-now"
    assert status[now]["executions"][0]["status"] == "CompletedWithViolations"
    made_by_now = {f"{monitored.endpoint}-{kind}-quality" for kind in ("data", "model")}
    assert set(status) == made_by_now | {f"{name}-now" for name in made_by_now}

    # another version that carries a baseline
    other = monitored.register(DriftCheckBaselines=drift_check_baselines(renewed))
    told = move_schedules(clients(monitored), monitored.endpoint, other, lambda _seconds: None)
    assert told.count(f"watches version {other.rsplit('/', 1)[-1]} now") == 2
    for kind in ("data_quality", "model_quality"):
        name = f"{monitored.endpoint}-{kind.replace('_', '-')}"
        config = monitored.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
        definition = config["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"]
        described = getattr(monitored.sagemaker, f"describe_{kind}_job_definition")(JobDefinitionName=definition)
        specification = next(value for member, value in described.items() if member.endswith("AppSpecification"))
        assert specification["Environment"]["model_package_arn"] == other


def read(monitored: Monitored, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content: bytes = monitored.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def drift_check_baselines(renewed: dict[str, Any]) -> dict[str, Any]:
    def json_at(uri: str) -> dict[str, str]:
        return {"ContentType": JSON, "S3Uri": uri}

    return {
        "ModelDataQuality": {
            "Statistics": json_at(renewed["statistics"]),
            "Constraints": json_at(renewed["constraints"]),
        },
        "ModelQuality": {"Constraints": json_at(renewed["quality_constraints"])},
    }


def clients(monitored: Monitored) -> Aws:
    session: boto3.Session = monitored.target.boto_session
    return Aws(*(session.client(name) for name in ("sagemaker", "s3", "cloudwatch", "application-autoscaling")))
