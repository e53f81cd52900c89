"""Somebody who has just cloned the project runs the demo."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_SECONDS

QUICK = ("--param", "Epochs=1", "--param", "UsePretrainedModel=0", "--param", "AccuracyThreshold=0.2")


@pytest.mark.slow
def test_the_demo_ends_with_a_table_a_summary_and_plots(scones, tmp_path, processes_of):
    done = scones("demo", "--output", str(tmp_path), *QUICK)
    assert done.returncode == 0, done.stderr
    assert "From archive to drift, and back" in done.stdout

    summary = json.loads((tmp_path / "summary.json").read_text())
    assert set(summary) == {"dataset", "pipeline", "model", "approval", "endpoint", "workflow", "monitor", "retraining"}
    assert set(summary["dataset"]) == {"source", "sha256", "train", "validation", "test"}
    assert summary["dataset"]["source"] == "archive"
    assert set(summary["pipeline"]) == {"execution_arn", "status", "seconds", "steps"}
    assert all(set(step) == {"status", "seconds"} for step in summary["pipeline"]["steps"].values())
    assert set(summary["model"]) == {"package_arn", "accuracy", "threshold", "approval_status"}
    assert summary["model"]["threshold"] == 0.2
    assert summary["model"]["approval_status"] == "Approved"
    endpoint = summary["endpoint"]
    assert set(endpoint) == {"name", "status", "package_arn", "p50_ms", "p99_ms"}
    assert (endpoint["status"], endpoint["package_arn"]) == ("InService", summary["model"]["package_arn"])
    assert 0 < endpoint["p50_ms"] <= endpoint["p99_ms"]
    assert summary["approval"]["deployed_by_event"] is True
    assert summary["approval"]["package_arn"] == summary["model"]["package_arn"]
    workflow = summary["workflow"]
    assert set(workflow) == {"executions", "succeeded", "low_confidence", "failed", "p50_ms"}
    assert workflow["executions"] == workflow["succeeded"] + workflow["low_confidence"] == 50
    # after one epoch the model is not sure of everything
    assert workflow["low_confidence"] > 0
    assert workflow["failed"] == 0
    monitor = summary["monitor"]
    assert set(monitor) == {"baseline", "normal_status", "drift_status", "violations", "report"}
    assert (monitor["normal_status"], monitor["drift_status"]) == ("Completed", "CompletedWithViolations")
    assert any(words.startswith("sharpness: drifted from the baseline") for words in monitor["violations"])
    retraining = summary["retraining"]
    assert set(retraining) == {"trigger", "build_status", "execution_arn", "status", "package_arn"}
    assert (retraining["trigger"], retraining["build_status"]) == ("scones-delivery-vehicles-drift", "SUCCEEDED")
    assert retraining["execution_arn"] != summary["pipeline"]["execution_arn"]
    # after one epoch the second model may be worse than the first by chance, which the gate says then
    assert retraining["status"] == ("Succeeded" if retraining["package_arn"] else "Failed")
    assert "</html>" in Path(monitor["report"]).read_text(encoding="utf-8")
    plots = sorted(path.name for path in (tmp_path / "evaluation" / "plots").iterdir())
    names = ("confidence_histogram", "confusion_matrix", "coverage_curve", "roc_curve", "worst_mistakes")
    assert plots == [f"{name}.png" for name in names]
    assert not processes_of(tmp_path), "nothing is left running"


def test_ctrl_c_stops_everything_that_the_demo_started(scones, tmp_path, processes_of):
    demo = scones.begin("demo", "--output", str(tmp_path), "--param", "Epochs=500")
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("Started") or "TrainClassifier Executing" in line:
            break
    os.killpg(demo.pid, signal.SIGINT)
    out, error = demo.communicate(timeout=PATIENCE_SECONDS)
    assert demo.returncode == 130, error
    assert "everything that the demo started is stopped" in out
    assert not processes_of(tmp_path)
    assert not (tmp_path / "summary.json").exists()
