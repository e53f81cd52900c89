"""The scripts by hand do what the pipeline's jobs do: no step more or less, and trained by the same hyperparameters."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import engine_overhead
from benchmarks.provenance import ROOT

sys.path.insert(0, str(ROOT / "training"))  # as in the container: modules at the root

from arguments import DEFAULT_BATCH_SIZE, DEFAULT_LEARNING_RATE, DEFAULT_USE_PRETRAINED_MODEL, DEFAULT_WIDTH

GOLDEN = json.loads((ROOT / "tests" / "golden" / "training_pipeline.json").read_text(encoding="utf-8"))
JOBS = {"Processing", "Training", "Transform", "QualityCheck"}


def steps_of(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All steps, those within conditions too; where a model is deployed at once apart, which is not the default."""
    found = []
    for step in steps:
        found.append(step)
        if step["Type"] == "Condition":
            found += steps_of(step["Arguments"]["IfSteps"] + step["Arguments"]["ElseSteps"])
    return found


def test_by_hand_the_same_jobs_run(tmp_path: Path, monkeypatch) -> None:
    ran: list[str] = []
    names = ("extract", "train", "perturb", "score", "evaluate", "data_quality_baseline", "model_quality_baseline")
    for name in names:
        monkeypatch.setattr(engine_overhead, name, lambda *_arguments, name=name: ran.append(name))
    by_hand = engine_overhead.time_scripts(tmp_path / "archive", tmp_path / "work", 1)
    assert set(by_hand) == {step["Name"] for step in steps_of(GOLDEN["Steps"]) if step["Type"] in JOBS}
    assert sorted(ran) == sorted(names)


def test_by_hand_training_has_the_pipelines_hyperparameters() -> None:
    trained = next(step for step in GOLDEN["Steps"] if step["Name"] == "TrainClassifier")["Arguments"]
    defaults = {each["Name"]: each.get("DefaultValue") for each in GOLDEN["Parameters"]}
    # by hand train.py gets seed and epochs, and for the rest its own defaults
    assert trained["HyperParameters"]["batch-size"] == str(DEFAULT_BATCH_SIZE)
    assert trained["HyperParameters"]["width"] == str(DEFAULT_WIDTH)
    assert defaults["LearningRate"] == DEFAULT_LEARNING_RATE
    assert defaults["UsePretrainedModel"] == DEFAULT_USE_PRETRAINED_MODEL
    assert defaults["Epochs"] == engine_overhead.EPOCHS
