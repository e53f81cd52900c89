"""The deployment pipeline as it is compiled, on the running local AWS: stack, function, endpoint and safeguards."""

from __future__ import annotations

import io
import json
import tarfile
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pipelines.deployment.stack import deploy_stack
from pipelines.names import DEPLOYMENT_PIPELINE_NAME, MODEL_PACKAGE_GROUP_NAME
from pipelines.session import open_target
from pipelines.submission import ExecutionStatus, start_execution, upsert_pipeline, wait_for_execution
from tests.waiting import PATIENCE_SECONDS, wait_until

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "deployment_pipeline.json"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
SERVING_CODE = """
def model_fn(model_dir):
    return "{says}"
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    if model == "broken":
        raise RuntimeError("no answer")
    return model
def output_fn(prediction, accept):
    return prediction, "text/plain"
"""
# No baking where nothing is to be seen in it.
QUICK = {"BakeSeconds": 0, "TrafficWaitSeconds": 0}


class Deployments:
    """The pipeline and its stack, with an endpoint name and packages of a test's own."""

    def __init__(self, server: Any) -> None:
        self.target = open_target("local", endpoint_url=server.url, environ={})
        self.sagemaker, self.s3 = self.target.client("sagemaker"), self.target.client("s3")
        config = Config(retries={"total_max_attempts": 1})
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self.runtime = boto3.client("sagemaker-runtime", endpoint_url=server.url, config=config, **keys)
        self.s3.create_bucket(Bucket=self.target.bucket)
        try:
            self.sagemaker.create_model_package_group(ModelPackageGroupName=MODEL_PACKAGE_GROUP_NAME)
        except ClientError as error:
            assert "already exists" in str(error)
        deploy_stack(self.target)
        upsert_pipeline(
            self.sagemaker,
            self.s3,
            name=DEPLOYMENT_PIPELINE_NAME,
            definition=json.dumps(json.loads(GOLDEN.read_text(encoding="utf-8"))),
            role_arn=self.target.role_arn,
            bucket=self.target.bucket,
        )
        self.endpoints: list[str] = []

    def endpoint(self) -> str:
        self.endpoints.append(f"deployed-{uuid.uuid4().hex[:8]}")
        return self.endpoints[-1]

    def package(self, says: str, status: str = "Approved") -> str:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            code = SERVING_CODE.format(says=says).encode()
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(code)
            archive.addfile(member, io.BytesIO(code))
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
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["image/png"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        )["ModelPackageArn"]
        return made

    def run(self, package: str, endpoint: str, **parameters: object) -> ExecutionStatus:
        return self.wait(self.start(package, endpoint, **parameters))

    def start(self, package: str, endpoint: str, **parameters: object) -> str:
        values = {"ModelPackageArn": package, "EndpointName": endpoint, **QUICK, **parameters}
        return start_execution(self.sagemaker, DEPLOYMENT_PIPELINE_NAME, values)

    def wait(self, execution_arn: str) -> ExecutionStatus:
        return wait_for_execution(self.sagemaker, execution_arn, poll_seconds=0.1, timeout_seconds=PATIENCE_SECONDS)

    def ask(self, endpoint: str) -> str:
        answer = self.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="image/png", Body=b"picture")
        return str(answer["Body"].read().decode())

    def live(self, endpoint: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=endpoint)
        return found


@pytest.fixture(scope="module")
def deployments(local_aws: Any) -> Iterator[Deployments]:
    place = Deployments(local_aws)
    yield place
    for endpoint in place.endpoints:
        try:
            place.sagemaker.delete_endpoint(EndpointName=endpoint)
        except ClientError as error:
            assert "Could not find" in str(error)


def succeeded(execution: ExecutionStatus) -> list[str]:
    assert execution.status == "Succeeded", [(step.name, step.failure_reason) for step in execution.steps]
    return [step.name for step in execution.steps]


def test_a_package_is_deployed_once_updated_and_gone_back_from(deployments: Deployments) -> None:
    endpoint, first, second = deployments.endpoint(), deployments.package("one"), deployments.package("two")
    steps = succeeded(deployments.run(first, endpoint))
    assert steps[-2:] == ["DeployAllAtOnce", "GuardAllAtOnce"]
    assert deployments.ask(endpoint) == "one"

    before = deployments.live(endpoint)
    assert succeeded(deployments.run(first, endpoint)) == ["PlanDeployment", "CheckPlan", "RenewSafeguards"]
    after = deployments.live(endpoint)
    assert after["LastModifiedTime"] == before["LastModifiedTime"]
    assert after["EndpointConfigName"] == before["EndpointConfigName"]

    for package, says, routing, leaf in (
        (second, "two", "CANARY", "Canary"),
        (first, "one", "LINEAR", "Linear"),
        (second, "two", "ALL_AT_ONCE", "AllAtOnce"),
    ):
        steps = succeeded(deployments.run(package, endpoint, TrafficRouting=routing))
        assert steps[-2:] == [f"Deploy{leaf}", f"Guard{leaf}"]
        assert deployments.ask(endpoint) == says


def test_a_deployed_endpoint_is_guarded_and_says_what_it_serves(deployments: Deployments) -> None:
    endpoint, package = deployments.endpoint(), deployments.package("guarded")
    succeeded(deployments.run(package, endpoint, MaxCapacity=3, ErrorAlarmCount=7))
    alarms = deployments.target.client("cloudwatch").describe_alarms(AlarmNamePrefix=endpoint)["MetricAlarms"]
    assert {alarm["AlarmName"].removeprefix(endpoint): alarm["Threshold"] for alarm in alarms} == {
        "-5xx-errors": 7,
        "-model-latency": 1e6,
        "-update-5xx-errors": 7,
        "-update-model-latency": 1e6,
    }
    scaling = deployments.target.client("application-autoscaling")
    wanted = {"ServiceNamespace": "sagemaker", "ResourceIds": [f"endpoint/{endpoint}/variant/AllTraffic"]}
    (target,) = scaling.describe_scalable_targets(**wanted)["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    tags = deployments.sagemaker.list_tags(ResourceArn=deployments.live(endpoint)["EndpointArn"])["Tags"]
    assert {"Key": "scones:model-package-arn", "Value": package} in tags

    succeeded(deployments.run(package, endpoint, MaxCapacity=1))
    assert scaling.describe_scalable_targets(**wanted)["ScalableTargets"] == []


def test_another_instance_type_is_deployed_although_the_endpoint_scales(deployments: Deployments) -> None:
    endpoint, package = deployments.endpoint(), deployments.package("moved")
    succeeded(deployments.run(package, endpoint))
    succeeded(deployments.run(package, endpoint, InferenceInstanceType="ml.c5.xlarge"))
    config = deployments.live(endpoint)["EndpointConfigName"]
    (variant,) = deployments.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    assert variant["InstanceType"] == "ml.c5.xlarge"


def test_serverless_is_deployed_without_capture_and_left_alone_the_second_time(deployments: Deployments) -> None:
    endpoint, package = deployments.endpoint(), deployments.package("serverless")
    steps = succeeded(deployments.run(package, endpoint, ServerlessMemorySizeInMB=2048))
    assert steps[-2:] == ["DeployServerless", "GuardServerless"]
    assert deployments.ask(endpoint) == "serverless"
    assert "RenewSafeguards" in succeeded(deployments.run(package, endpoint, ServerlessMemorySizeInMB=2048))


def what_the_alarm_watches(cloudwatch: Any, name: str) -> float:
    """The sum over the last minutes of exactly the metric that the alarm names, 0 where there is no alarm yet."""
    now = datetime.now(timezone.utc)
    return sum(
        point["Sum"]
        for alarm in cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        for point in cloudwatch.get_metric_statistics(
            Namespace=alarm["Namespace"],
            MetricName=alarm["MetricName"],
            Dimensions=alarm["Dimensions"],
            Statistics=[alarm["Statistic"]],
            Period=alarm["Period"],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
        )["Datapoints"]
    )


def test_a_version_that_answers_with_5xx_is_rolled_back_by_its_alarm(deployments: Deployments) -> None:
    cloudwatch = deployments.target.client("cloudwatch")
    endpoint, good, broken = deployments.endpoint(), deployments.package("good"), deployments.package("broken")
    succeeded(deployments.run(good, endpoint))
    over = threading.Event()

    def ask_all_the_time() -> None:
        while not over.wait(0.05):
            try:
                deployments.ask(endpoint)
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ModelError"

    client = threading.Thread(target=ask_all_the_time)
    client.start()
    alarm = f"{endpoint}-update-5xx-errors"
    try:
        update = deployments.start(broken, endpoint, BakeSeconds=3600, ErrorAlarmCount=1)
        wait_until(
            lambda: what_the_alarm_watches(cloudwatch, alarm) >= 1,
            "the errors of the broken version to reach the alarm's metric",
        )
        # instead of the end of the minute, which the alarm would be judged after
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="the minute has ended")
        execution = deployments.wait(update)
    finally:
        over.set()
        client.join()
    assert execution.status == "Failed"
    (failed,) = [step for step in execution.steps if step.status == "Failed"]
    assert failed.name == "DeployAllAtOnce"
    assert alarm in str(failed.failure_reason)
    assert deployments.ask(endpoint) == "good"
    # what has gone off in that update does not undo the next one
    better = deployments.package("better")
    succeeded(deployments.run(better, endpoint, ErrorAlarmCount=1))
    assert deployments.ask(endpoint) == "better"


@pytest.mark.parametrize(
    ("status", "parameters", "reason"),
    [
        ("PendingManualApproval", {}, "is PendingManualApproval, not Approved"),
        ("Approved", {"EndpointName": "x" * 64}, "has 64 characters, at most 63 are allowed"),
        ("Approved", {"ServerlessMemorySizeInMB": 1000}, "ServerlessMemorySizeInMB is 1000"),
    ],
)
def test_what_must_not_be_deployed_ends_at_the_plan(
    deployments: Deployments, status: str, parameters: dict[str, object], reason: str
) -> None:
    package, endpoint = deployments.package("refused", status), deployments.endpoint()
    execution = deployments.run(package, endpoint, **parameters)
    (step,) = execution.steps
    assert (execution.status, step.name) == ("Failed", "PlanDeployment")
    assert reason in str(step.failure_reason)
