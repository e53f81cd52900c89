"""How much longer the pipeline takes than its jobs' own scripts, run by hand one after another: at most 1.15 times.

Both sides in one run, in turns, on the same archive, epochs and seed; of each the quickest of the rounds counts, since
whatever else the machine does can only add. The pipeline's side is the execution's own time, from its
start to its end: downloads and uploads, processes, the model's server, gates and the engine are all in it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise, Spread
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
from pipelines.training.algorithms import PYTORCH

OVERHEAD = Promise("the pipeline over its scripts by hand", "ratio", "at most", 1.15, beside="the bare scripts")
PROMISES = (OVERHEAD,)
EPOCHS = PYTORCH.epochs
ROUNDS = 2
SEED = 1
# what would lead the command line to another local AWS
ELSEWHERE = ("SCONES_LOCAL_ENDPOINT", "AWS_ENDPOINT_URL")


def run(work_dir: Path, epochs: int = EPOCHS, rounds: int = ROUNDS) -> tuple[dict[str, Any], Figure]:
    """Seconds of both sides by step, and their ratio. Raises subprocess.CalledProcessError."""
    archive = find_archive(work_dir)
    scripts, executions = [], []
    for number in range(rounds):
        scripts.append(time_scripts(archive, work_dir / f"by_hand-{number}", epochs))
        executions.append(time_pipeline(archive, work_dir / f"pipeline-{number}", epochs))
    by_hand = min(scripts, key=lambda seconds: sum(seconds.values()))
    pipeline = min(executions, key=lambda execution: execution["seconds"])
    by_round = [done["seconds"] / sum(alone.values()) for done, alone in zip(executions, scripts, strict=True)]
    overhead = OVERHEAD.found(pipeline["seconds"] / sum(by_hand.values()), Spread.of(by_round))
    details = {
        "epochs": epochs,
        "rounds": rounds,
        "all_by_hand_seconds": [round(sum(seconds.values()), 2) for seconds in scripts],
        "all_pipeline_seconds": [execution["seconds"] for execution in executions],
        "by_hand": {name: round(seconds, 2) for name, seconds in by_hand.items()},
        "by_hand_seconds": round(sum(by_hand.values()), 2),
        "pipeline": pipeline["steps"],
        "pipeline_seconds": pipeline["seconds"],
    }
    return details, overhead


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


def time_pipeline(archive: Path, state: Path, epochs: int) -> dict[str, Any]:
    """One execution on a local AWS of its own: seconds from its start to its end, and of its steps."""
    environment = {**os.environ, "SCONES_STATE": str(state), "SCONES_CIFAR_ARCHIVE": str(archive)}
    for name in ELSEWHERE:
        environment.pop(name, None)
    parameters = {"Epochs": epochs, "Seed": SEED, "AccuracyThreshold": 0.5}
    flags = [text for name, value in parameters.items() for text in ("--param", f"{name}={value}")]
    _scones(["up"], environment)
    try:
        execution = json.loads(_scones(["run", "--wait", "--json", *flags], environment))
    finally:
        _scones(["down"], environment)
    steps = {step["name"]: _between(step["started"], step["ended"]) for step in execution["steps"]}
    return {"seconds": _between(execution["created"], execution["modified"]), "steps": steps}


def _scones(arguments: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def _between(start: str, end: str) -> float:
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 2)


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        result, overhead = run(Path(folder), given.epochs, given.rounds)
    print(f"{'step':<20}{'by hand s':>10}{'pipeline s':>12}")
    for name, seconds in result["pipeline"].items():
        print(f"{name:<20}{result['by_hand'].get(name, 0.0):>10.1f}{seconds:>12.1f}")
    print(f"{'together':<20}{result['by_hand_seconds']:>10.1f}{result['pipeline_seconds']:>12.1f}")
    print(f"{overhead.value:.3f} times as long, bar {OVERHEAD.bar}: {'passed' if overhead.passed else 'FAILED'}")
    write_result("engine_overhead", result, [overhead])
    return 0 if overhead.passed else 1


def _seconds(script: Callable[[], object]) -> float:
    started = time.perf_counter()
    script()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
