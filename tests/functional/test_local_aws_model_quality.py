"""Model quality from the container's side: the merger and the analyzer as processes over a tree of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from local_aws import images
from local_aws.sagemaker.endpoints import capture_record
from local_aws.sagemaker.endpoints.capture_record import CapturePlan
from local_aws.sagemaker.endpoints.runtime_request import Invocation
from local_aws.sagemaker.jobs.model_server import Answer
from pipelines.workflow import review_queue
from tests.waiting import PATIENCE_SECONDS

EVENT, INFERENCE = "5a1bcb7e-6a28-4f4e-9d0c-2f3f6d0e9a11", "0f6a8f0e-93a7-4c93-8a5e-0d6c54b0f7aa"
# as data capture writes it for the product's endpoint
CAPTURED = (
    '{"captureData":{"endpointInput":{"observedContentType":"image/png","mode":"INPUT","data":"iVBORw0KGgo=",'
    '"encoding":"BASE64"},"endpointOutput":{"observedContentType":"application/json","mode":"OUTPUT",'
    '"data":"[0.9388, 0.0612]","encoding":"JSON"}},"eventMetadata":{"eventId":"5a1bcb7e-6a28-4f4e-9d0c-2f3f6d0e9a11",'
    '"inferenceId":"0f6a8f0e-93a7-4c93-8a5e-0d6c54b0f7aa","inferenceTime":"2026-01-31T23:59:59Z"},"eventVersion":"0"}\n'
)
# as the review queue writes it for a motorcycle
TRUTH = (
    '{"groundTruthData": {"data": "1", "encoding": "CSV"}, '
    '"eventMetadata": {"eventId": "0f6a8f0e-93a7-4c93-8a5e-0d6c54b0f7aa"}, "eventVersion": "0"}\n'
)


@dataclass(frozen=True)
class Container:
    """/opt/ml of one job."""

    base: Path

    def run(self, image: str, **variables: str) -> tuple[int, str, str]:
        """Exit code, output/message, and what it said on its streams."""
        self.base.mkdir(parents=True, exist_ok=True)
        script = images.require_image(f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{image}", "process").script
        own = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        ended = subprocess.run(
            [sys.executable, str(script), "process"],
            env={**own, "SAGEMAKER_BASE_DIR": str(self.base), "output_path": str(self.results), **variables},
            cwd=self.base,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode, (self.base / "output" / "message").read_text().strip(), ended.stdout + ended.stderr

    @property
    def results(self) -> Path:
        return self.base / "processing" / "output"

    def document(self, name: str) -> Any:
        return json.loads((self.results / name).read_text())

    def metrics(self) -> list[dict[str, Any]]:
        path = self.base / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def captured(number: int, probability: float) -> str:
    """The literal record, as that of another inference."""
    line = CAPTURED.replace(INFERENCE, f"inference-{number}").replace(EVENT, f"event-{number}")
    return line.replace("[0.9388, 0.0612]", f"[{1 - probability:.4f}, {probability:.4f}]")


def answer(number: int, label: int) -> str:
    return TRUTH.replace(INFERENCE, f"inference-{number}").replace('"1"', f'"{label}"')


def baseline(tmp_path: Path) -> Container:
    """A baseline of a model that is nearly always right: recall 0.98, one false alarm in fifty."""
    rows = [(0.9, 1)] * 98 + [(0.2, 1)] * 2 + [(0.1, 0)] * 98 + [(0.7, 0)] * 2
    text = "probability,prediction,label\n" + "".join(f"{p},{int(p > 0.5)},{label}\n" for p, label in rows)
    write(tmp_path / "data" / "quality.csv", text)
    container = Container(tmp_path / "baseline")
    code, message, said = container.run(
        "sagemaker-model-monitor-analyzer",
        analysis_type="MODEL_QUALITY",
        problem_type="BinaryClassification",
        inference_attribute="prediction",
        probability_attribute="probability",
        ground_truth_attribute="label",
        dataset_format='{"csv": {"header": true, "output_columns_position": "START"}}',
        dataset_source=str(tmp_path / "data"),
        publish_cloudwatch_metrics="Disabled",
    )
    assert (code, message) == (0, "Completed: Job completed successfully with no violations."), said
    return container


def merge(tmp_path: Path, **variables: str) -> tuple[Container, int, str, str]:
    container = Container(tmp_path / "merge")
    folders = {"dataset_source": str(tmp_path / "input_data"), "ground_truth_source": str(tmp_path / "groundtruth")}
    return container, *container.run("sagemaker-model-monitor-groundtruth-merger", **folders, **variables)


def analyse(tmp_path: Path, source: Path, constraints: Path) -> tuple[Container, int, str, str]:
    """The analysis as the schedule's second job runs it."""
    container = Container(tmp_path / "analysis")
    variables = {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "probability_attribute": "[1]",
        "probability_threshold_attribute": "0.5",
        "dataset_format": '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}',
        "dataset_source": str(source),
        "baseline_constraints": str(constraints),
        "start_time": "2026-01-31T23:00:00Z",
        "end_time": "2026-02-01T00:00:00Z",
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_endpoint_name": "scones",
        "sagemaker_monitoring_schedule_name": "scones-model-quality",
        "monitoring_input_type": "ENDPOINT_INPUT",
    }
    return container, *container.run("sagemaker-model-monitor-analyzer", **variables)


def test_the_literal_records_are_those_of_data_capture_and_of_the_review_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capture_record.uuid, "uuid4", lambda: uuid.UUID(EVENT))
    options = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    plan = CapturePlan.of(
        {
            "DestinationS3Uri": "s3://bucket/capture",
            "InitialSamplingPercentage": 100,
            "CaptureOptions": options,
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        }
    )
    invocation = Invocation("scones", b"\x89PNG\r\n\x1a\n", content_type="image/png", inference_id=INFERENCE)
    said = Answer(200, b"[0.9388, 0.0612]", "application/json")
    moment = datetime(2026, 1, 31, 23, 59, 59, tzinfo=timezone.utc)
    assert capture_record.record_line(plan, invocation, said, moment).decode() == CAPTURED
    assert json.dumps(review_queue.record(INFERENCE, "motorcycle")) + "\n" == TRUTH


def test_a_baseline_has_statistics_and_bars_in_the_services_form(tmp_path: Path) -> None:
    container = baseline(tmp_path)
    statistics = container.document("statistics.json")
    assert statistics["version"] == 0.0 and statistics["dataset"]["item_count"] == 200
    metrics = statistics["binary_classification_metrics"]
    assert metrics["confusion_matrix"] == {"0": {"0": 98, "1": 2}, "1": {"0": 2, "1": 98}}
    assert metrics["recall"]["value"] == 0.98 and metrics["recall"]["standard_deviation"] > 0
    assert metrics["auc"]["value"] == pytest.approx(1 - 0.02 * 0.02)
    bars = container.document("constraints.json")["binary_classification_constraints"]
    assert bars["recall"] == {"threshold": 0.98, "comparison_operator": "LessThanThreshold"}
    assert bars["false_positive_rate"] == {"threshold": 0.02, "comparison_operator": "GreaterThanThreshold"}
    assert sorted(path.name for path in container.results.iterdir()) == ["constraints.json", "statistics.json"]
    assert not (container.base / "output" / "metrics").exists()


def test_captured_answers_and_reviewed_labels_become_violations_and_metrics(tmp_path: Path) -> None:
    constraints = baseline(tmp_path).results / "constraints.json"
    # one in five motorcycles is taken for a bicycle; the last record has no label
    lines = [captured(number, 0.3 if number % 10 == 1 else 0.97 * (number % 2) + 0.01) for number in range(41)]
    hours = tmp_path / "input_data" / "scones" / "AllTraffic"
    write(hours / "2026/01/31/23" / "59-59-000-a.jsonl", "".join(lines))
    for number in range(40):
        write(tmp_path / "groundtruth" / "2026/02/01/00" / f"inference-{number}.jsonl", answer(number, number % 2))
    merged, code, message, log = merge(tmp_path)
    assert (code, message) == (
        0,
        "Completed: Job completed successfully: 40 of 41 captured records merged with ground truth.",
    )
    assert "captured without ground truth: 1" in log and "ground truth late: 40" in log
    container, code, message, log = analyse(tmp_path, merged.results / "scones", constraints)
    violations = container.document("constraint_violations.json")["violations"]
    assert (code, message) == (
        0,
        f"CompletedWithViolations: Job completed successfully with {len(violations)} violations.",
    )
    assert {
        "constraint_check_type": "LessThanThreshold",
        "description": "Metric recall with 0.8 was LessThanThreshold 0.98",
        "metric_name": "recall",
    } in violations
    assert "accuracy" in {violation["metric_name"] for violation in violations}
    assert "true_negative_rate" not in {violation["metric_name"] for violation in violations}
    statistics = container.document("statistics.json")
    assert statistics["dataset"]["item_count"] == 40
    assert statistics["dataset"]["start_time"] == "2026-01-31T23:00:00Z"
    assert statistics["binary_classification_metrics"]["recall"] == {"value": 0.8, "standard_deviation": "NaN"}
    recall = next(metric for metric in container.metrics() if metric["MetricName"] == "recall")
    assert recall == {
        "MetricName": "recall",
        "Timestamp": "2026-02-01T00:00:00Z",
        "Dimensions": [
            {"Name": "Endpoint", "Value": "scones"},
            {"Name": "MonitoringSchedule", "Value": "scones-model-quality"},
        ],
        "Value": 0.8,
    }


def test_labels_of_one_class_alone_give_undefined_figures_and_no_failure(tmp_path: Path) -> None:
    constraints = baseline(tmp_path).results / "constraints.json"
    hour = tmp_path / "input_data" / "scones" / "AllTraffic" / "2026/01/31/23"
    write(hour / "a.jsonl", captured(1, 0.01) + captured(2, 0.02))
    write(tmp_path / "groundtruth" / "2026/01/31/23" / "a.jsonl", answer(1, 0) + answer(2, 0))
    merged, code, message, _ = merge(tmp_path)
    assert code == 0, message
    container, code, message, log = analyse(tmp_path, merged.results / "scones", constraints)
    assert (code, message) == (0, "Completed: Job completed successfully with no violations.")
    assert "auc is undefined for these data, and was not compared with" in log
    metrics = container.document("statistics.json")["binary_classification_metrics"]
    assert metrics["recall"]["value"] == metrics["auc"]["value"] == "NaN"
    assert metrics["accuracy"]["value"] == 1.0
    assert {metric["MetricName"] for metric in container.metrics()}.isdisjoint({"recall", "auc"})


def test_without_a_match_the_merger_fails_with_its_reason_in_the_message(tmp_path: Path) -> None:
    write(tmp_path / "input_data" / "scones" / "AllTraffic" / "2026/01/31/23" / "a.jsonl", CAPTURED)
    # by the event's id, though the record has an inference's
    write(tmp_path / "groundtruth" / "2026/01/31/23" / "a.jsonl", TRUTH.replace(INFERENCE, EVENT))
    _, code, message, log = merge(tmp_path)
    assert code == 1 and message in log
    assert message.startswith("Error: Job inputs had no data: none of 1 captured records has ground truth")


def test_constraints_with_a_misspelt_metric_fail_the_analysis_in_one_line(tmp_path: Path) -> None:
    hour = tmp_path / "input_data" / "scones" / "AllTraffic" / "2026/01/31/23"
    write(hour / "a.jsonl", CAPTURED)
    write(tmp_path / "groundtruth" / "2026/01/31/23" / "a.jsonl", TRUTH)
    merged, *_ = merge(tmp_path)
    bars = {"version": 0.0, "binary_classification_constraints": {"recal": {"threshold": 1}}}
    constraints = write(tmp_path / "constraints.json", json.dumps(bars))
    container, code, message, _ = analyse(tmp_path, merged.results / "scones", constraints)
    assert code == 1
    assert message.startswith(
        "Error: constraints.json: unknown key 'recal' of binary_classification_constraints; known"
    )
    assert not container.results.exists()
