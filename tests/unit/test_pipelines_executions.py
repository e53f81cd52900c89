"""Executions as a person looks for them, and what the demo writes down of one."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pipelines.demo import summarise
from pipelines.executions import ExecutionNotFound, elapsed, failure, find_execution, rejection
from pipelines.submission import ExecutionStatus, StepStatus

START = datetime(2026, 11, 21, tzinfo=timezone.utc)
PREFIX = "arn:aws:sagemaker:us-east-1:123456789012"
EXECUTION = f"{PREFIX}:pipeline/SconesTraining/execution/abcdefabcdef"


def step(name: str, status: str = "Succeeded", reason: str | None = None, **metadata: Any) -> StepStatus:
    return StepStatus(name, status, START, START + timedelta(seconds=4), reason, None, 1, metadata)


def execution(*steps: StepStatus, status: str = "Succeeded", reason: str | None = None) -> ExecutionStatus:
    return ExecutionStatus(EXECUTION, status, reason, START, START + timedelta(seconds=90), steps)


class Executions:
    """A SageMaker that knows the executions of one pipeline, newest first, in pages of one."""

    def __init__(self, *identifiers: str) -> None:
        self.arns = [f"{PREFIX}:pipeline/SconesTraining/execution/{each}" for each in identifiers]

    def get_paginator(self, operation: str) -> Executions:
        assert operation == "list_pipeline_executions"
        return self

    def paginate(self, PipelineName: str, **_order: str) -> list[dict[str, Any]]:
        return [{"PipelineExecutionSummaries": [{"PipelineExecutionArn": arn}]} for arn in self.arns]


def test_an_execution_is_found_by_id_by_arn_and_by_being_the_newest():
    sagemaker = Executions("newest000000", "older0000000")
    assert find_execution(sagemaker, "SconesTraining", None) == sagemaker.arns[0]
    assert find_execution(sagemaker, "SconesTraining", "older0000000") == sagemaker.arns[1]
    assert find_execution(sagemaker, "SconesTraining", sagemaker.arns[1]) == sagemaker.arns[1]


def test_an_unknown_id_and_an_empty_pipeline_say_what_to_do():
    with pytest.raises(ExecutionNotFound, match="scones executions"):
        find_execution(Executions("a"), "SconesTraining", "b")
    with pytest.raises(ExecutionNotFound, match="scones run"):
        find_execution(Executions(), "SconesTraining", None)


def test_a_rejection_is_what_the_fail_step_said_and_a_failure_is_not_one():
    refused = step("RejectModel", "Failed", "Model rejected", Fail={"ErrorMessage": "Model rejected"})
    broken = step("TrainClassifier", "Failed", "AlgorithmError: no images", TrainingJob={"Arn": "arn"})
    assert rejection(execution(step("CheckQuality"), refused, status="Failed")) == "Model rejected"
    assert rejection(execution(broken, status="Failed")) is None


def test_a_failure_is_told_in_one_line_by_the_steps_that_failed():
    broken = step("TrainClassifier", "Failed", "AlgorithmError: no\nimages")
    assert failure(execution(broken, status="Failed")) == "TrainClassifier: AlgorithmError: no images"
    assert failure(execution(status="Failed", reason="the role cannot be assumed")) == "the role cannot be assumed"


def test_a_running_step_has_taken_the_time_until_now():
    running = StepStatus("TrainClassifier", "Executing", START, None, None, None, 1, {})
    assert elapsed(running, START + timedelta(seconds=30)) == 30.0
    assert elapsed(StepStatus("Waiting", "Starting", None, None, None, None, 0, {}), START) is None


class Target:
    """A target whose S3 and SageMaker hold what one execution left."""

    def __init__(self) -> None:
        report = {
            "archive": {"sha256": "ab" * 32},
            "counts": {s: {"total": 3} for s in ("train", "validation", "test")},
        }
        evaluation = {"gates": [{"name": "accuracy", "value": 0.5, "bar": 0.9, "passed": False, "gap": -0.4}]}
        self.objects = {"report/dataset_report.json": report, "evaluation/evaluation.json": evaluation}

    def client(self, _service: str) -> Target:
        return self

    def describe_processing_job(self, ProcessingJobName: str) -> dict[str, Any]:
        names = {"extract": "report", "evaluate": "evaluation"}
        output = names[ProcessingJobName]
        place = {"OutputName": output, "S3Output": {"S3Uri": f"s3://bucket/{output}"}}
        return {"ProcessingOutputConfig": {"Outputs": [place]}}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == "bucket"
        return {"Body": io.BytesIO(json.dumps(self.objects[Key]).encode())}


def test_the_summary_of_a_rejected_model_has_its_figure_and_no_package():
    steps = (
        step("ExtractCifar", ProcessingJob={"Arn": f"{PREFIX}:processing-job/extract"}),
        step("EvaluateModel", ProcessingJob={"Arn": f"{PREFIX}:processing-job/evaluate"}),
        step("RejectModel", "Failed", "Model rejected", Fail={"ErrorMessage": "Model rejected"}),
    )
    summary = summarise(Target(), execution(*steps, status="Failed"), "archive")
    assert summary["dataset"] == {"source": "archive", "sha256": "ab" * 32, "train": 3, "validation": 3, "test": 3}
    assert summary["pipeline"]["steps"]["RejectModel"] == {"status": "Failed", "seconds": 4.0}
    assert summary["pipeline"]["seconds"] == 90.0
    assert summary["model"] == {"package_arn": None, "accuracy": 0.5, "threshold": 0.9, "approval_status": None}
