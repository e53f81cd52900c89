"""Model Monitor on a running local AWS, driven by the SageMaker Python SDK's own monitors."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/monitoring"
HOURLY = "cron(0 * ? * * *)"
REQUESTS = 12
SERVING = """
def model_fn(model_dir):
    return None
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return "[0.75, 0.25]"
def output_fn(prediction, accept):
    return prediction, "application/json"
"""
CLUSTER = {"instance_count": 1, "instance_type": "ml.m5.large", "volume_size_in_gb": 5}


@dataclass
class Watched:
    """An endpoint with capture, and the SDK's session to monitor it with."""

    server: Any
    session: Any
    name: str

    @property
    def sagemaker(self) -> Any:
        return self.server.client("sagemaker")

    def uri(self, *parts: str) -> str:
        return "/".join((f"s3://{self.server.bucket}", self.name, *parts))

    def schedule(self, what: str) -> str:
        return f"{self.name}-{what}"

    def latest(self, schedule: str) -> dict[str, Any]:
        """The latest execution of a schedule, once it has ended."""

        def ended() -> dict[str, Any] | None:
            found = self.sagemaker.list_monitoring_executions(MonitoringScheduleName=schedule)
            summaries: list[dict[str, Any]] = found["MonitoringExecutionSummaries"]
            over = summaries and summaries[0]["MonitoringExecutionStatus"] not in ("Pending", "InProgress")
            return summaries[0] if over else None

        found: dict[str, Any] = wait_until(ended, f"{schedule} to end")
        return found


def archive() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(SERVING)
        packed.addfile(member, io.BytesIO(SERVING.encode()))
    return content.getvalue()


@pytest.fixture(scope="module")
def watched(local_aws: Any) -> Iterator[Watched]:
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.telemetry import telemetry_logging

    with pytest.MonkeyPatch.context() as patch:
        for variable, value in {
            "AWS_ENDPOINT_URL": local_aws.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "SAGEMAKER_VALIDATE_ROLE": "false",
        }.items():
            patch.setenv(variable, value)
        patch.setattr(telemetry_logging, "_send_telemetry_request", lambda *_args, **_more: None)
        session = Session(boto_session=boto3.Session(region_name="us-east-1"), default_bucket=local_aws.bucket)
        made = Watched(local_aws, session, f"watched-{uuid.uuid4().hex[:8]}")
        serve(made)
        yield made
        made.sagemaker.delete_endpoint(EndpointName=made.name)


def serve(made: Watched) -> None:
    """An endpoint that was asked a few times."""
    sagemaker, bucket, name = made.sagemaker, made.server.bucket, made.name
    made.server.client("s3").put_object(Bucket=bucket, Key=f"{name}/model.tar.gz", Body=archive())
    container = {"Image": IMAGE, "ModelDataUrl": made.uri("model.tar.gz")}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": made.uri("captured"),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }
    variant = {"VariantName": "a", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=capture)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait_until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", "the endpoint")
    runtime = made.server.client("sagemaker-runtime")
    for number in range(REQUESTS):
        runtime.invoke_endpoint(EndpointName=name, Body=f"{number},0.5", ContentType="text/csv")


def test_a_default_monitor_makes_describes_changes_and_deletes_a_schedule(watched):
    from sagemaker.core.model_monitor import CronExpressionGenerator, DefaultModelMonitor

    monitor = DefaultModelMonitor(role=ROLE, sagemaker_session=watched.session, max_runtime_in_seconds=1800, **CLUSTER)
    name = watched.schedule("hourly")
    monitor.create_monitoring_schedule(
        endpoint_input=watched.name,
        output_s3_uri=watched.uri("reports"),
        monitor_schedule_name=name,
        schedule_cron_expression=CronExpressionGenerator.hourly(),
        enable_cloudwatch_metrics=True,
    )
    described = monitor.describe_schedule()
    assert (described["MonitoringScheduleStatus"], described["MonitoringType"]) == ("Scheduled", "DataQuality")
    assert described["EndpointName"] == watched.name
    assert monitor.list_executions() == []
    monitor.stop_monitoring_schedule()
    assert monitor.describe_schedule()["MonitoringScheduleStatus"] == "Stopped"
    monitor.start_monitoring_schedule()
    monitor.update_monitoring_schedule(schedule_cron_expression=CronExpressionGenerator.daily(hour=5))
    changed = monitor.describe_schedule()["MonitoringScheduleConfig"]
    assert changed["ScheduleConfig"]["ScheduleExpression"] == "cron(0 5 ? * * *)"
    attached = DefaultModelMonitor.attach(monitor_schedule_name=name, sagemaker_session=watched.session)
    assert attached.job_definition_name == changed["MonitoringJobDefinitionName"]
    attached.delete_monitoring_schedule()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        watched.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    definitions = watched.sagemaker.list_data_quality_job_definitions(EndpointName=watched.name)
    assert changed["MonitoringJobDefinitionName"] not in str(definitions)


def test_what_was_just_captured_is_analysed_at_once_and_told_of_everywhere(watched):
    from sagemaker.core.model_monitor import CronExpressionGenerator, DefaultModelMonitor

    monitor = DefaultModelMonitor(role=ROLE, sagemaker_session=watched.session, max_runtime_in_seconds=1800, **CLUSTER)
    name = watched.schedule("now")
    monitor.create_monitoring_schedule(
        endpoint_input=watched.name,
        output_s3_uri=watched.uri("reports"),
        monitor_schedule_name=name,
        schedule_cron_expression=CronExpressionGenerator.now(),
        data_analysis_start_time="-PT1H",
        data_analysis_end_time="-PT0H",
        enable_cloudwatch_metrics=True,
    )
    found = watched.latest(name)
    assert found["MonitoringExecutionStatus"] == "Completed", found
    (execution,) = monitor.list_executions()
    assert execution.describe()["ExitMessage"].startswith("Completed: ")
    assert execution.describe()["MonitoringScheduleArn"].endswith(f"/{name}")
    expected = watched.uri("reports", watched.name, name, found["ScheduledTime"].strftime("%Y/%m/%d/%H/%M"))
    assert execution.output.s3_output.s3_uri == expected
    assert execution.statistics().body_dict["dataset"]["item_count"] == REQUESTS
    page = requests.get(f"{watched.server.url}/_console/monitoring", timeout=PATIENCE_SECONDS).text
    assert name in page and execution.describe()["ProcessingJobName"] in page
    monitor.stop_monitoring_schedule()
    monitor.delete_monitoring_schedule()
    assert watched.latest(name) == found


def test_a_model_quality_monitor_waits_for_its_labels(watched):
    from sagemaker.core.model_monitor import CronExpressionGenerator, EndpointInput, ModelQualityMonitor

    settings = {
        "endpoint_input": EndpointInput(
            endpoint_name=watched.name,
            destination="/opt/ml/processing/input_data",
            probability_attribute="1",
            probability_threshold_attribute=0.5,
        ),
        "ground_truth_input": watched.uri("truth"),
        "problem_type": "BinaryClassification",
        "output_s3_uri": watched.uri("reports"),
    }
    often = ModelQualityMonitor(role=ROLE, sagemaker_session=watched.session, max_runtime_in_seconds=3600, **CLUSTER)
    with pytest.raises(ClientError, match="1800 seconds"):
        often.create_monitoring_schedule(schedule_cron_expression=HOURLY, **settings)
    monitor = ModelQualityMonitor(role=ROLE, sagemaker_session=watched.session, max_runtime_in_seconds=1800, **CLUSTER)
    name = watched.schedule("quality")
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        schedule_cron_expression=CronExpressionGenerator.now(),
        data_analysis_start_time="-PT1H",
        data_analysis_end_time="-PT0H",
        **settings,
    )
    found = watched.latest(name)
    assert found["MonitoringExecutionStatus"] == "Failed"
    assert found["FailureReason"].startswith(f'No S3 objects found under S3 URL "{watched.uri("truth")}/')
    assert monitor.list_executions() == []
    label_everything(watched)
    monitor.stop_monitoring_schedule()
    monitor.start_monitoring_schedule()
    again = wait_until(lambda: other_than(watched.latest(name), found), "the second run")
    assert again["MonitoringExecutionStatus"] == "Completed", again
    (execution,) = monitor.list_executions()
    assert execution.describe()["ProcessingJobName"].startswith("model-quality-monitoring-")
    statistics = json.loads(read(watched, f"{execution.output.s3_output.s3_uri}/statistics.json"))
    assert statistics["dataset"]["item_count"] == REQUESTS
    monitor.delete_monitoring_schedule()
    assert (
        watched.sagemaker.list_model_quality_job_definitions(EndpointName=watched.name)["JobDefinitionSummaries"] == []
    )


def other_than(execution: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any] | None:
    return execution if execution["CreationTime"] != earlier["CreationTime"] else None


def label_everything(watched: Watched) -> None:
    """Ground truth for all that was captured, below the hour in which it was."""
    s3, bucket = watched.server.client("s3"), watched.server.bucket
    prefix = f"{watched.name}/captured/{watched.name}/a/"
    for listed in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        hour = listed["Key"][len(prefix) :].rpartition("/")[0]
        for line in s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read().splitlines():
            event = json.loads(line)["eventMetadata"]["eventId"]
            label = {
                "groundTruthData": {"data": str(int(event[0], 16) % 2), "encoding": "CSV"},
                "eventMetadata": {"eventId": event},
                "eventVersion": "0",
            }
            s3.put_object(Bucket=bucket, Key=f"{watched.name}/truth/{hour}/{event}.jsonl", Body=json.dumps(label))


def read(watched: Watched, uri: str) -> bytes:
    key = uri.removeprefix(f"s3://{watched.server.bucket}/")
    body: bytes = watched.server.client("s3").get_object(Bucket=watched.server.bucket, Key=key)["Body"].read()
    return body
