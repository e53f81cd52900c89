"""Somebody opens the starter notebook, runs it from top to bottom, and later runs it again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from pipelines import local_server
from pipelines.names import CLASSES, ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME, PIPELINE_NAME
from pipelines.session import open_target

ROOT = Path(__file__).resolve().parents[2]
QUICK = """
TARGET = "local"
PARAMETERS = {"Epochs": "1", "UsePretrainedModel": "0", "AccuracyThreshold": "0.2"}
THRESHOLD = 0.5
"""
CELL_SECONDS = 1200


@pytest.fixture
def folder(tmp_path: Path, cifar_archive_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, and an environment that names an archive and no AWS; what was started in it is stopped."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SCONES_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SCONES_CIFAR_ARCHIVE", str(cifar_archive_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield tmp_path
    try:
        local_server.stop(local_server.find(tmp_path / ".scones"))
    except local_server.LocalServerNotRunning:
        return


def run(folder: Path) -> dict[str, list[Any]]:
    """Run the notebook with its parameters replaced; each cell's outputs by the cell's name."""
    nbclient = pytest.importorskip("nbclient", reason="`make test-slow` adds what runs notebooks")
    notebook = nbformat.read(ROOT / "seed_code" / "starter.ipynb", as_version=4)
    (parameters,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    parameters.source = QUICK
    nbclient.NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(folder)}}).execute()
    return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def text_of(outputs: list[Any]) -> str:
    return "\n".join(output.get("text") or output.data.get("text/plain", "") for output in outputs)


def has_picture(outputs: list[Any]) -> bool:
    return any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.slow
def test_it_runs_from_top_to_bottom_and_again(folder: Path, processes_of: Any) -> None:
    first = run(folder)
    assert "local: region us-east-1" in text_of(first["place"])
    assert CLASSES[0] in text_of(first["data"])
    for cell in ("contact-sheet", "plots", "ask", "drift", "confidence"):
        assert has_picture(first[cell]), cell
    assert "TrainClassifier Succeeded" in text_of(first["train"])
    assert "started from the starter notebook" in text_of(first["version"])
    assert "review/version-1.html" in text_of(first["report"])
    assert "InService, and captures 100 %" in text_of(first["deploy"])
    assert text_of(first["workflow"]).count("SUCCEEDED") == 12
    assert "ThresholdNotMet" in text_of(first["failure"])
    assert "FAILED" in text_of(first["failure"])
    assert re.search(r"\b(\d+) of \1 are there", text_of(first["capture"]))
    assert "CompletedWithViolations" in text_of(first["monitor"])
    assert "baseline_drift_check" in text_of(first["monitor"])
    said_aside = [output for outputs in first.values() for output in outputs if output.get("name") == "stderr"]
    assert not said_aside

    server = local_server.find(folder / ".scones")
    sagemaker = open_target("local", endpoint_url=server.url, environ={}).client("sagemaker")
    again = run(folder)
    assert again["place"] == first["place"], "the local AWS that runs is taken"
    assert text_of(again["version"]) == text_of(first["version"])
    assert text_of(again["deploy"]).startswith(f"{ENDPOINT_NAME} is InService"), "it serves, so nothing is done"
    assert "CompletedWithViolations" in text_of(again["monitor"])
    executions = sagemaker.list_pipeline_executions(PipelineName=PIPELINE_NAME)["PipelineExecutionSummaries"]
    versions = sagemaker.list_model_packages(ModelPackageGroupName=MODEL_PACKAGE_GROUP_NAME)
    assert (len(executions), len(versions["ModelPackageSummaryList"])) == (1, 1)

    local_server.stop(server)
    assert not processes_of(folder), "nothing is left running"
