"""Pipeline executions on a running server, as boto3 and the SDK see them: real, tiny processes."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import PATIENCE_SECONDS, wait_until

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
ENDED = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")

WRITE = """
import json, os, pathlib
out = pathlib.Path("/opt/ml/processing/out")
out.mkdir(parents=True, exist_ok=True)
(out / "report.json").write_text(json.dumps({"metrics": {"accuracy": float(os.environ["ACCURACY"])}}))
"""
COPY = """
import pathlib, shutil
shutil.copy("/opt/ml/processing/in/report.json", "/opt/ml/processing/out/report.json")
"""
RAISE = "raise ValueError('the images are upside down')"
SLEEP = "import time; print('asleep', flush=True); time.sleep(600)"


class Pipelines:
    """One pipeline of a test's own, its scripts in S3, and waiting for its executions."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.name = f"pipeline-{uuid.uuid4().hex[:8]}"

    @property
    def client(self) -> Any:
        return self.server.client("sagemaker")

    def uri(self, key: str) -> str:
        return f"s3://{self.server.bucket}/{self.name}/{key}"

    def processing(self, name: str, script: str, **members: Any) -> dict[str, Any]:
        """A step that runs the script; `/opt/ml/processing/out` goes to S3, `reads` comes to `.../in`."""
        key = f"{self.name}/{name}/run.py"
        self.server.client("s3").put_object(Bucket=self.server.bucket, Key=key, Body=script.encode())
        inputs = [self._input("code", f"s3://{self.server.bucket}/{key}")]
        reads = members.pop("reads", None)
        if reads:
            inputs.append(self._input("in", reads))
        out = {
            "S3Uri": self.uri(f"{name}/out"),
            "LocalPath": "/opt/ml/processing/out",
            "S3UploadMode": "EndOfJob",
        }
        arguments = {
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run.py"],
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "RoleArn": ROLE,
            "Environment": members.pop("environment", {}),
            "ProcessingInputs": inputs,
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": out}]},
        }
        return {"Name": name, "Type": "Processing", "Arguments": arguments, **members}

    def create(self, *steps: dict[str, Any], parameters: list[dict[str, Any]] | None = None) -> None:
        document = {"Version": "2020-12-01", "Parameters": parameters or [], "Steps": list(steps)}
        self.client.create_pipeline(PipelineName=self.name, RoleArn=ROLE, PipelineDefinition=json.dumps(document))

    def start(self, **parameters: str) -> str:
        given = [{"Name": name, "Value": value} for name, value in parameters.items()]
        answer = self.client.start_pipeline_execution(PipelineName=self.name, PipelineParameters=given)
        return str(answer["PipelineExecutionArn"])

    def describe(self, arn: str) -> dict[str, Any]:
        return dict(self.client.describe_pipeline_execution(PipelineExecutionArn=arn))

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        pages = self.client.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=arn, SortOrder="Ascending"
        )
        return {step["StepName"]: step for page in pages for step in page["PipelineExecutionSteps"]}

    def ended(self, arn: str) -> str:
        wait_until(
            lambda: self.describe(arn)["PipelineExecutionStatus"] in ENDED, lambda: f"{arn} to end: {self.steps(arn)}"
        )
        return str(self.describe(arn)["PipelineExecutionStatus"])

    def until_asleep(self, arn: str, step: str) -> None:
        """Wait until the step's script has begun to sleep."""
        wait_until(
            lambda: self._logged(self.steps(arn).get(step, {}).get("Metadata")),
            lambda: f"{step} to begin: {self.steps(arn)}",
        )

    def _logged(self, metadata: dict[str, Any] | None) -> bool:
        if not metadata:
            return False
        job = metadata["ProcessingJob"]["Arn"].rpartition("/")[2]
        logs = self.server.client("logs")
        group = "/aws/sagemaker/ProcessingJobs"
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job)["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return False
        names = [stream["logStreamName"] for stream in streams]
        events = [logs.get_log_events(logGroupName=group, logStreamName=name)["events"] for name in names]
        return any("asleep" in event["message"] for found in events for event in found)

    def _input(self, name: str, uri: Any) -> dict[str, Any]:
        path = "/opt/ml/processing/input/code" if name == "code" else f"/opt/ml/processing/{name}"
        s3 = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
        return {"InputName": name, "S3Input": s3}


@pytest.fixture
def pipelines(local_aws: Any) -> Pipelines:
    return Pipelines(local_aws)


def gated(pipelines: Pipelines) -> None:
    """Write → Copy → Check → Good | Bad."""
    report = [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}]
    figure = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Copy.PropertyFiles.Report"},
            "Path": "metrics.accuracy",
        }
    }
    bar = {"Get": "Parameters.Bar"}
    reads = {"Get": "Steps.Write.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}
    message = {"Std:Join": {"On": " ", "Values": ["accuracy", figure, "is below", bar]}}
    pipelines.create(
        pipelines.processing("Write", WRITE, environment={"ACCURACY": {"Get": "Parameters.Accuracy"}}),
        pipelines.processing("Copy", COPY, reads=reads, PropertyFiles=report),
        {
            "Name": "Check",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": figure, "RightValue": bar}],
                "IfSteps": [pipelines.processing("Good", "print('good')")],
                "ElseSteps": [{"Name": "Bad", "Type": "Fail", "Arguments": {"ErrorMessage": message}}],
            },
        },
        parameters=[
            {"Name": "Accuracy", "Type": "String", "DefaultValue": "0.91"},
            {"Name": "Bar", "Type": "Float", "DefaultValue": 0.9},
        ],
    )


def test_a_pipeline_runs_its_jobs_and_takes_the_branch_that_a_figure_decides(pipelines: Pipelines) -> None:
    gated(pipelines)
    arn = pipelines.start()
    assert pipelines.ended(arn) == "Succeeded", pipelines.steps(arn)
    steps = pipelines.steps(arn)
    assert list(steps) == ["Write", "Copy", "Check", "Good"]
    job = steps["Copy"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    described = pipelines.client.describe_processing_job(ProcessingJobName=job)
    assert described["ProcessingJobStatus"] == "Completed"
    assert described["ProcessingInputs"][1]["S3Input"]["S3Uri"] == pipelines.uri("Write/out")

    arn = pipelines.start(Accuracy="0.5")
    assert pipelines.ended(arn) == "Failed"
    assert pipelines.steps(arn)["Bad"]["FailureReason"] == "accuracy 0.5 is below 0.9"


def test_the_last_line_of_a_scripts_traceback_reaches_the_step(pipelines: Pipelines) -> None:
    pipelines.create(pipelines.processing("Raise", RAISE), pipelines.processing("Other", "print('fine')"))
    arn = pipelines.start()
    assert pipelines.ended(arn) == "Failed"
    steps = pipelines.steps(arn)
    assert "ValueError: the images are upside down" in steps["Raise"]["FailureReason"]
    assert steps["Other"]["StepStatus"] == "Succeeded"
    assert pipelines.describe(arn)["FailureReason"] == "Step failure: One or multiple steps failed."


def test_stopping_an_execution_ends_its_running_job(pipelines: Pipelines) -> None:
    pipelines.create(
        pipelines.processing("Sleep", SLEEP), pipelines.processing("After", "print()", DependsOn=["Sleep"])
    )
    arn = pipelines.start()
    pipelines.until_asleep(arn, "Sleep")
    pipelines.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert pipelines.ended(arn) == "Stopped"
    steps = pipelines.steps(arn)
    assert {name: step["StepStatus"] for name, step in steps.items()} == {"Sleep": "Stopped"}
    job = steps["Sleep"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    assert pipelines.client.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] == "Stopped"


def test_a_wrong_parameter_is_refused_at_the_start(pipelines: Pipelines) -> None:
    gated(pipelines)
    with pytest.raises(ClientError) as raised:
        pipelines.start(Bar="high")
    assert raised.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Unexpected type for parameter 'Bar'. Expected Float but found 'high'.",
    }


def test_a_pipeline_that_runs_cannot_be_deleted(pipelines: Pipelines) -> None:
    pipelines.create(pipelines.processing("Sleep", SLEEP))
    arn = pipelines.start()
    pipelines.until_asleep(arn, "Sleep")
    with pytest.raises(ClientError):
        pipelines.client.delete_pipeline(PipelineName=pipelines.name)
    pipelines.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert pipelines.ended(arn) == "Stopped"
    pipelines.client.delete_pipeline(PipelineName=pipelines.name)


def test_a_killed_server_shows_the_execution_failed_and_can_go_on_with_it(own_local_aws: Any) -> None:
    pipelines = Pipelines(own_local_aws)
    pipelines.create(
        pipelines.processing("First", "print()"), pipelines.processing("Sleep", SLEEP, DependsOn=["First"])
    )
    arn = pipelines.start()
    pipelines.until_asleep(arn, "Sleep")
    own_local_aws.kill()
    own_local_aws.start()
    described = pipelines.describe(arn)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert "the local AWS ended while it was running" in described["FailureReason"]
    steps = pipelines.steps(arn)
    assert {name: step["StepStatus"] for name, step in steps.items()} == {
        "First": "Succeeded",
        "Sleep": "Failed",
    }
    pipelines.client.retry_pipeline_execution(PipelineExecutionArn=arn)
    pipelines.until_asleep(arn, "Sleep")
    assert pipelines.steps(arn)["First"] == steps["First"]
    pipelines.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert pipelines.ended(arn) == "Stopped"


def test_the_sdk_waits_for_an_execution_and_lists_its_steps(
    pipelines: Pipelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    from sagemaker.mlops.workflow.pipeline import PipelineExecution

    class Session:
        sagemaker_client = pipelines.client

    pipelines.create(pipelines.processing("Only", "print()", DisplayName="the only one"))
    execution = PipelineExecution(arn=pipelines.start(), sagemaker_session=Session())
    execution.wait(delay=0.1, max_attempts=int(PATIENCE_SECONDS / 0.1))
    (step,) = execution.list_steps()
    assert (step["StepName"], step["StepStatus"], step["StepDisplayName"]) == (
        "Only",
        "Succeeded",
        "the only one",
    )
    assert execution.describe()["PipelineExecutionStatus"] == "Succeeded"
    assert execution.list_parameters()["PipelineParameters"] == []
