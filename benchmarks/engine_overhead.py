"""How much longer the pipeline takes than its jobs' own scripts, run by hand one after another: at most 1.15 times.

Both sides in one run, in turns, on the same archive, epochs and seed; of each the quickest of the rounds counts, since
whatever else the machine does can only add. The pipeline's side is the execution's own time, from its
start to its end: downloads and uploads, processes, the model's server, gates and the engine are all in it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.result_file import write_result
from benchmarks.scripts_by_hand import (
    ROOT,
    data_quality_baseline,
    evaluate,
    extract,
    find_archive,
    model_quality_baseline,
    perturb,
    score,
    train,
)

BAR = 1.15
EPOCHS = 60  # the pipeline's own default
ROUNDS = 2
SEED = 1


def run(work_dir: Path, epochs: int = EPOCHS) -> dict[str, Any]:
    """Seconds of both sides by step, their ratio, and the bar. Raises subprocess.CalledProcessError."""
    archive = find_archive(work_dir)
    scripts, executions = [], []
    for number in range(ROUNDS):
        scripts.append(time_scripts(archive, work_dir / f"by_hand-{number}", epochs))
        executions.append(time_pipeline(archive, work_dir / f"pipeline-{number}", epochs))
    by_hand = min(scripts, key=lambda seconds: sum(seconds.values()))
    pipeline = min(executions, key=lambda execution: execution["seconds"])
    ratio = pipeline["seconds"] / sum(by_hand.values())
    return {
        "epochs": epochs,
        "rounds": ROUNDS,
        "all_by_hand_seconds": [round(sum(seconds.values()), 2) for seconds in scripts],
        "all_pipeline_seconds": [execution["seconds"] for execution in executions],
        "by_hand": {name: round(seconds, 2) for name, seconds in by_hand.items()},
        "by_hand_seconds": round(sum(by_hand.values()), 2),
        "pipeline": {name: step["seconds"] for name, step in pipeline["steps"].items()},
        "pipeline_seconds": pipeline["seconds"],
        "ratio": round(ratio, 3),
        "bar": BAR,
        "passed": ratio <= BAR,
    }


def time_scripts(archive: Path, folder: Path, epochs: int) -> dict[str, float]:
    """Run the seven scripts; seconds by the name of their step."""
    data, job, monitoring = folder / "data", folder / "job", folder / "monitoring"
    return {
        "ExtractCifar": _seconds(lambda: extract(archive, data)),
        "TrainClassifier": _seconds(lambda: train(data, job, job / "model", SEED, epochs)),
        "PerturbTestSet": _seconds(lambda: perturb(data)),
        "ScoreTestSet": _seconds(lambda: score(data, job / "model", folder / "answers", "images")),
        "EvaluateModel": _seconds(lambda: evaluate(data, folder / "answers", folder / "evaluation", monitoring)),
        "DataQualityBaseline": _seconds(lambda: data_quality_baseline(monitoring, folder / "data-quality")),
        "ModelQualityBaseline": _seconds(lambda: model_quality_baseline(monitoring, folder / "model-quality")),
    }


def time_pipeline(archive: Path, output: Path, epochs: int) -> dict[str, Any]:
    """Run the demo; the pipeline's part of its summary."""
    parameters = {"Epochs": epochs, "Seed": SEED, "AccuracyThreshold": 0.5}
    flags = [text for name, value in parameters.items() for text in ("--param", f"{name}={value}")]
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "demo", "--output", str(output), *flags]
    environment = {**os.environ, "SCONES_CIFAR_ARCHIVE": str(archive)}
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    return dict(json.loads((output / "summary.json").read_text(encoding="utf-8"))["pipeline"])


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder))
    print(f"{'step':<20}{'by hand s':>10}{'pipeline s':>12}")
    for name, seconds in result["pipeline"].items():
        print(f"{name:<20}{result['by_hand'].get(name, 0.0):>10.1f}{seconds:>12.1f}")
    print(f"{'together':<20}{result['by_hand_seconds']:>10.1f}{result['pipeline_seconds']:>12.1f}")
    print(f"{result['ratio']} times as long, bar {BAR}: {'passed' if result['passed'] else 'FAILED'}")
    write_result("engine_overhead", result)
    return 0 if result["passed"] else 1


def _seconds(script: Callable[[], object]) -> float:
    started = time.perf_counter()
    script()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
