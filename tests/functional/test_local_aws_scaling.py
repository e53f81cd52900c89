"""Application Auto Scaling with boto3 on a running local AWS: a real endpoint whose instances follow its metric."""

from __future__ import annotations

import io
import tarfile
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
LIGHT = """
def model_fn(model_dir):
    return "model"
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return data
def output_fn(prediction, accept):
    return prediction, accept
"""


class Scaled:
    """An endpoint of one small instance around a model that does nothing."""

    def __init__(self, server: Any) -> None:
        self.name = f"scaled-{uuid.uuid4().hex[:8]}"
        self.sagemaker = server.client("sagemaker")
        self.scaling = server.client("application-autoscaling")
        self.cloudwatch = server.client("cloudwatch")
        self.scope = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{self.name}/variant/AllTraffic",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        key = f"models/{self.name}.tar.gz"
        server.client("s3").put_object(Bucket=server.bucket, Key=key, Body=_archive(LIGHT))
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{server.bucket}/{key}"}
        self.sagemaker.create_model(ModelName=self.name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "AllTraffic", "ModelName": self.name, "InitialInstanceCount": 1}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=self.name, ProductionVariants=[{**variant, "InstanceType": "ml.t2.medium"}]
        )
        self.sagemaker.create_endpoint(EndpointName=self.name, EndpointConfigName=self.name)
        wait_until(lambda: self.status() == "InService", f"{self.name} to be in service")

    def status(self) -> str:
        """The endpoint's status, Deleted where there is none."""
        try:
            return str(self.sagemaker.describe_endpoint(EndpointName=self.name)["EndpointStatus"])
        except ClientError:
            return "Deleted"

    def running(self) -> int:
        """How many instances there are now."""
        (variant,) = self.sagemaker.describe_endpoint(EndpointName=self.name)["ProductionVariants"]
        return int(variant["CurrentInstanceCount"])

    def traffic(self, per_instance: float) -> None:
        """As if so many invocations had come to each instance in each of the past minutes."""
        now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
        dimensions = [{"Name": "EndpointName", "Value": self.name}, {"Name": "VariantName", "Value": "AllTraffic"}]
        datum = {"MetricName": "InvocationsPerInstance", "Dimensions": dimensions, "Value": per_instance}
        self.cloudwatch.put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[{**datum, "Timestamp": now - timedelta(minutes=minute)} for minute in range(1, 6)],
        )

    def activities(self) -> list[dict[str, Any]]:
        """What was done with the variant, newest first."""
        found = self.scaling.describe_scaling_activities(
            ServiceNamespace="sagemaker", ResourceId=self.scope["ResourceId"]
        )
        return list(found["ScalingActivities"])

    def delete(self) -> None:
        """Delete the endpoint, if it is there, and wait."""
        if self.status() != "Deleted":
            self.sagemaker.delete_endpoint(EndpointName=self.name)
        wait_until(lambda: self.status() == "Deleted", f"{self.name} to be deleted")


def _archive(code: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(code)
        tar.addfile(member, io.BytesIO(code.encode()))
    return target.getvalue()


@pytest.fixture
def scaled(local_aws: Any) -> Iterator[Scaled]:
    made = Scaled(local_aws)
    yield made
    made.delete()


def test_instances_follow_the_metric_and_the_target_goes_with_the_endpoint(scaled: Scaled) -> None:
    scaled.scaling.register_scalable_target(**scaled.scope, MinCapacity=1, MaxCapacity=2)
    made = scaled.scaling.put_scaling_policy(
        **scaled.scope,
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 100.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        },
    )
    high, low = (alarm["AlarmName"] for alarm in made["Alarms"])
    scaled.traffic(per_instance=700.0)
    wait_until(lambda: scaled.running() == 2 and scaled.status() == "InService", "a second instance")
    wait_until(lambda: scaled.activities()[0]["StatusCode"] == "Successful", lambda: f"success: {scaled.activities()}")
    (activity,) = scaled.activities()
    assert activity["Cause"] == f"monitor alarm {high} in state ALARM triggered policy invocations"
    assert activity["Description"] == "Setting desired instance count to 2."

    # a lower maximum is kept at once, whatever the metric says
    scaled.scaling.register_scalable_target(**scaled.scope, MaxCapacity=1)
    wait_until(lambda: scaled.running() == 1 and scaled.status() == "InService", "a single instance")
    assert scaled.activities()[0]["Cause"] == "maximum capacity was set to 1"

    scaled.delete()
    targets = scaled.scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[scaled.scope["ResourceId"]]
    )
    assert targets["ScalableTargets"] == []
    assert scaled.cloudwatch.describe_alarms(AlarmNames=[high, low])["MetricAlarms"] == []


def test_what_does_not_scale_is_refused(local_aws: Any) -> None:
    scaling = local_aws.client("application-autoscaling")
    scope = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/nowhere/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    with pytest.raises(scaling.exceptions.ValidationException, match="does not exist"):
        scaling.register_scalable_target(**scope, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.deregister_scalable_target(**scope)
    with pytest.raises(ClientError, match="PutScheduledAction is not supported"):
        scaling.put_scheduled_action(**scope, ScheduledActionName="night")
