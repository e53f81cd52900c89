"""`scones teardown` on a local AWS where something is deployed, and where others have things of their own."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from model_monitor.job_definition import PACKAGE_VARIABLE
from model_monitor.names import DATA_QUALITY, schedule_name
from pipelines.cli.application import app
from pipelines.deployment.stack import STACK_NAME, deploy_stack
from pipelines.names import DEPLOYMENT_PIPELINE_NAME, ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME
from pipelines.session import Target, open_target
from pipelines.submission import start_execution, upsert_pipeline, wait_for_execution
from tests.waiting import PATIENCE_SECONDS

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "deployment_pipeline.json"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
SERVING_CODE = b"""
def model_fn(model_dir):
    return None
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return "[1, 0]"
def output_fn(prediction, accept):
    return prediction, accept
"""
QUEUE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})


@pytest.fixture
def place(own_local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setenv("SCONES_LOCAL_ENDPOINT", own_local_aws.url)
    for module in ("pipelines.stacks", "pipelines.teardown.missing"):
        monkeypatch.setattr(f"{module}.POLL_SECONDS", 0.1)
    target = open_target("local", endpoint_url=own_local_aws.url, environ={})
    target.client("s3").create_bucket(Bucket=target.bucket)
    return target


def register(place: Target) -> str:
    """A version that serves."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(SERVING_CODE)
        archive.addfile(member, io.BytesIO(SERVING_CODE))
    place.client("s3").put_object(Bucket=place.bucket, Key="scones/model.tar.gz", Body=content.getvalue())
    sagemaker = place.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=MODEL_PACKAGE_GROUP_NAME)
    settings = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{place.bucket}/scones/model.tar.gz", "Environment": settings}
    made: str = sagemaker.create_model_package(
        ModelPackageGroupName=MODEL_PACKAGE_GROUP_NAME,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    return made


def deploy(place: Target, package: str) -> None:
    """The endpoint as the deployment pipeline makes it: configuration, model, alarms, scaling, tags."""
    sagemaker, s3 = place.client("sagemaker"), place.client("s3")
    deploy_stack(place)
    upsert_pipeline(
        sagemaker,
        s3,
        name=DEPLOYMENT_PIPELINE_NAME,
        definition=GOLDEN.read_text(encoding="utf-8"),
        role_arn=place.role_arn,
        bucket=place.bucket,
    )
    arn = start_execution(
        sagemaker,
        DEPLOYMENT_PIPELINE_NAME,
        {"ModelPackageArn": package, "BakeSeconds": 0, "EndpointName": ENDPOINT_NAME},
    )
    done = wait_for_execution(sagemaker, arn, poll_seconds=0.1, timeout_seconds=PATIENCE_SECONDS)
    assert done.status == "Succeeded", done.failure_reason


def watch(place: Target, package: str) -> None:
    """A monitoring schedule of the project's name, and its job definition."""
    sagemaker, name = place.client("sagemaker"), schedule_name(ENDPOINT_NAME, DATA_QUALITY)
    folder = f"s3://{place.bucket}/scones/monitoring"
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}
    output = {"S3Uri": f"{folder}/reports", "LocalPath": "/opt/ml/processing/output"}
    sagemaker.create_data_quality_job_definition(
        JobDefinitionName=f"{name}-one",
        DataQualityAppSpecification={"ImageUri": ANALYZER, "Environment": {PACKAGE_VARIABLE: package}},
        DataQualityJobInput={
            "EndpointInput": {"EndpointName": ENDPOINT_NAME, "LocalPath": "/opt/ml/processing/input/endpoint"}
        },
        DataQualityJobOutputConfig={"MonitoringOutputs": [{"S3Output": output}]},
        JobResources={"ClusterConfig": cluster},
        RoleArn=place.role_arn,
    )
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "MonitoringJobDefinitionName": f"{name}-one",
            "MonitoringType": "DataQuality",
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        },
    )


def belong_to_others(place: Target) -> None:
    """What this project has not made, called as if it had."""
    sagemaker, s3 = place.client("sagemaker"), place.client("s3")
    place.client("cloudformation").create_stack(StackName="scones-website", TemplateBody=QUEUE)
    place.client("cloudwatch").put_metric_alarm(
        AlarmName="scones-website-5xx-errors",
        Namespace="Web",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    s3.put_object(Bucket=place.bucket, Key="sconesque/kept", Body=b"theirs")
    s3.put_object(Bucket=place.bucket, Key="datasets/kept.csv", Body=b"theirs")
    s3.put_object(Bucket=place.bucket, Key="theirs/model.tar.gz", Body=b"theirs")
    sagemaker.create_model(
        ModelName="pipelines-abcdefghijkl-CreateModel-0123456789",
        ExecutionRoleArn=place.role_arn,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{place.bucket}/theirs/model.tar.gz"},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="pipelines-abcdefghijkl-ConfigureEndpoint-0123456789",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": "pipelines-abcdefghijkl-CreateModel-0123456789",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
            }
        ],
    )
    sagemaker.create_model_package_group(ModelPackageGroupName="SconesDeliveryVehiclesOfOthers")


def everything(place: Target) -> dict[str, set[str]]:
    """What there is, by kind."""
    sagemaker, s3, cloudwatch = (place.client(service) for service in ("sagemaker", "s3", "cloudwatch"))
    scaling = place.client("application-autoscaling")
    definitions = sagemaker.list_data_quality_job_definitions()["JobDefinitionSummaries"]
    stacks = place.client("cloudformation").describe_stacks()["Stacks"]
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return {
        "stacks": {one["StackName"] for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"},
        "endpoints": {one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]},
        "configs": {one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]},
        "models": {one["ModelName"] for one in sagemaker.list_models()["Models"]},
        "schedules": {
            one["MonitoringScheduleName"]
            for one in sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"]
        },
        "definitions": {one["MonitoringJobDefinitionName"] for one in definitions},
        "pipelines": {one["PipelineName"] for one in sagemaker.list_pipelines()["PipelineSummaries"]},
        "groups": {
            one["ModelPackageGroupName"]
            for one in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        },
        "alarms": {one["AlarmName"] for one in cloudwatch.describe_alarms()["MetricAlarms"]},
        "targets": {one["ResourceId"] for one in targets},
        "objects": {one["Key"] for one in s3.list_objects_v2(Bucket=place.bucket).get("Contents", [])},
    }


def test_what_the_project_made_goes_and_what_others_made_stays(place: Target) -> None:
    belong_to_others(place)
    theirs = everything(place)
    package = register(place)
    deploy(place, package)
    watch(place, package)
    before = everything(place)
    assert all(before[kind] > theirs[kind] for kind in theirs)
    assert STACK_NAME in before["stacks"]

    asked = CliRunner().invoke(app, ["teardown"])
    assert asked.exit_code == 2
    assert everything(place) == before

    kept = CliRunner().invoke(app, ["teardown", "--yes", "--keep-data"])
    assert kept.exit_code == 0, kept.output
    assert everything(place) == {**theirs, "objects": before["objects"]}

    done = CliRunner().invoke(app, ["teardown", "--yes", "--json"])
    assert done.exit_code == 0, done.output
    assert everything(place) == theirs
    assert json.loads(done.stdout)["left"] == []

    again = CliRunner().invoke(app, ["teardown", "--yes", "--json"])
    assert (again.exit_code, json.loads(again.stdout)) == (0, {"removed": [], "left": []})
