"""QualityCheck steps on a running server, with the analyzer image: a baseline, then data that drifts from it."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

import pytest

from tests.waiting import wait_until

IMAGE = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
ROWS = 200


class Checks:
    """One pipeline, Learn → Check and Report, with data of its own in S3."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.name = f"checks-{uuid.uuid4().hex[:8]}"
        self.client = server.client("sagemaker")

    def data(self, name: str, level: float) -> str:
        """A CSV file of brightness about `level`."""
        rng = random.Random(name)
        rows = "".join(f"{rng.gauss(level, 0.05):.4f},{rng.choice('ab')}\n" for _ in range(ROWS))
        key = f"{self.name}/{name}.csv"
        self.server.client("s3").put_object(
            Bucket=self.server.bucket, Key=key, Body=f"brightness,kind\n{rows}".encode()
        )
        return f"s3://{self.server.bucket}/{key}"

    def step(self, name: str, data: str, **members: Any) -> dict[str, Any]:
        folder = "/opt/ml/processing/input/baseline_dataset_input"
        source = {"S3Uri": data, "LocalPath": folder, "S3DataType": "S3Prefix", "S3InputMode": "File"}
        reports = {
            "S3Uri": f"s3://{self.server.bucket}/{self.name}/{name}",
            "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob",
        }
        arguments = {
            "AppSpecification": {"ImageUri": IMAGE},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "RoleArn": ROLE,
            "Environment": {
                "dataset_format": json.dumps({"csv": {"header": True, "output_columns_position": "START"}}),
                "dataset_source": folder,
                "output_path": "/opt/ml/processing/output",
                "publish_cloudwatch_metrics": "Disabled",
            },
            "ProcessingInputs": [{"InputName": "baseline_dataset_input", "S3Input": source}],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "quality_check_output", "S3Output": reports}]},
        }
        return {"Name": name, "Type": "QualityCheck", "CheckType": "DATA_QUALITY", "Arguments": arguments, **members}

    def run(self, *steps: dict[str, Any]) -> tuple[str, dict[str, dict[str, Any]]]:
        """The execution's status, and its steps by name."""
        document = json.dumps({"Version": "2020-12-01", "Steps": list(steps)})
        self.client.create_pipeline(PipelineName=self.name, RoleArn=ROLE, PipelineDefinition=document)
        arn = self.client.start_pipeline_execution(PipelineName=self.name)["PipelineExecutionArn"]

        def status() -> str:
            return str(self.client.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])

        def listed() -> list[dict[str, Any]]:
            return list(self.client.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"])

        wait_until(lambda: status() not in ("Executing", "Stopping"), lambda: f"the execution to end: {listed()}")
        return status(), {step["StepName"]: step for step in listed()}

    def read(self, uri: str) -> Any:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(self.server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.fixture
def checks(local_aws: Any) -> Checks:
    return Checks(local_aws)


def test_data_that_drifted_from_the_baseline_fails_its_check_and_is_reported_where_it_may_pass(checks: Checks) -> None:
    learned = {
        f"SuppliedBaseline{file}": {"Get": f"Steps.Learn.CalculatedBaseline{file}"}
        for file in ("Statistics", "Constraints")
    }
    bright, same, dark = checks.data("bright", 0.6), checks.data("same", 0.6), checks.data("dark", 0.2)
    status, steps = checks.run(
        checks.step("Learn", bright, SkipCheck=True, RegisterNewBaseline=True),
        checks.step("Same", same, **learned),
        checks.step("Dark", dark, FailOnViolation=False, RegisterNewBaseline=True, **learned),
        checks.step("Strict", dark, **learned),
    )
    assert status == "Failed"
    ended = {name: step["StepStatus"] for name, step in steps.items()}
    assert ended == {"Learn": "Succeeded", "Same": "Succeeded", "Dark": "Succeeded", "Strict": "Failed"}, steps
    shown = {name: step["Metadata"]["QualityCheck"] for name, step in steps.items()}
    assert "ViolationReport" not in shown["Learn"] and "ViolationReport" not in shown["Same"]

    report = shown["Strict"]["ViolationReport"]
    assert report in steps["Strict"]["FailureReason"] and "1 violation" in steps["Strict"]["FailureReason"]
    for name in ("Dark", "Strict"):
        (violation,) = checks.read(shown[name]["ViolationReport"])["violations"]
        assert (violation["feature_name"], violation["constraint_check_type"]) == ("brightness", "baseline_drift_check")
    # the check calculated a baseline of its own data too, which this step registers and the other one does not
    of_its_own = shown["Dark"]["CalculatedBaselineStatistics"]
    assert shown["Dark"]["BaselineUsedForDriftCheckStatistics"] == of_its_own
    learned_statistics = shown["Learn"]["CalculatedBaselineStatistics"]
    assert shown["Strict"]["BaselineUsedForDriftCheckStatistics"] == learned_statistics
    means = [
        checks.read(uri)["features"][0]["numerical_statistics"]["mean"] for uri in (learned_statistics, of_its_own)
    ]
    assert means == pytest.approx([0.6, 0.2], abs=0.02)
