"""A project stamped for bus and streetcar runs its own demo, on drawings of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import SLOW_PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
SCONES = [sys.executable, "-c", "from pipelines.cli import main; main()"]
QUICK = ("--param", "Epochs=2", "--param", "UsePretrainedModel=0", "--param", "AccuracyThreshold=0.2")


def scones(folder: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCONES_"))}
    environment = {**kept, "PYTHONPATH": str(folder), "SCONES_CACHE": str(cache)}
    return subprocess.run(
        [*SCONES, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SLOW_PATIENCE_SECONDS,
    )


@pytest.mark.slow
def test_the_demo_of_a_stamped_project(tmp_path, processes_of):
    folder, cache = tmp_path / "transit", tmp_path / "cache"
    made = scones(ROOT, cache, "new", "city-transit", "--classes", "bus,streetcar", "--output", str(folder))
    assert made.returncode == 0, made.stderr
    done = scones(folder, cache, "demo", "--dataset", "generated", *QUICK)
    assert done.returncode == 0, done.stderr

    summary = json.loads((folder / "build" / "demo" / "summary.json").read_text())
    assert summary["dataset"]["source"] == "generated"
    assert ":pipeline/CityTransitTraining/execution/" in summary["pipeline"]["execution_arn"]
    assert ":model-package/CityTransit/1" in summary["model"]["package_arn"]
    assert (summary["endpoint"]["name"], summary["endpoint"]["status"]) == ("city-transit", "InService")
    assert summary["workflow"]["failed"] == 0
    assert summary["monitor"]["drift_status"] == "CompletedWithViolations"
    report = (folder / "build" / "demo" / "evaluation" / "report.html").read_text(encoding="utf-8")
    assert "streetcar" in report and "bicycle" not in report
    assert not processes_of(tmp_path), "nothing is left running"
