"""The classifier's accuracy and training time, over several seeds, on images that training never sees.

Each part runs as a process of its own, as in its SageMaker job: extraction, training with SM_* variables, and
the own serving code of the model folder on every test image. The archive is $SCONES_CIFAR_ARCHIVE, else the
shared subset beside the project, else a generated sample (which is easier: its figures say little).
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise, Spread, all_met
from benchmarks.result_file import write_result
from benchmarks.scripts_by_hand import calibration_error, extract, find_archive, score, train

ACCURACY_BAR = 0.94  # of the mean
SECONDS_BAR = 150.0  # of each training, on two cores
SEEDS = (1, 2, 3, 4, 5)
ACCURACY = Promise("test accuracy, mean over the seeds", "share", "at least", ACCURACY_BAR)
SECONDS = Promise("training time of the slowest seed", "seconds", "at most", SECONDS_BAR)
CALIBRATION = Promise("expected calibration error on the test split, mean over the seeds", "share", "at most", 0.05)
PROMISES = (ACCURACY, SECONDS, CALIBRATION)


def run(work_dir: Path, seeds: Sequence[int] = SEEDS, epochs: int | None = None) -> dict[str, Any]:
    """Extract once, then train and score for each seed under work_dir; without `epochs`, train.py's default.

    Returns accuracies (0..1), wall and CPU seconds, bars and whether they are met. Raises
    subprocess.CalledProcessError when a part fails; what it said is on stderr.
    """
    archive = find_archive(work_dir)
    data = work_dir / "data"
    extract(archive, data)
    runs = [train_and_score(data, work_dir / f"seed-{seed}", seed, epochs) for seed in seeds]
    mean = sum(each["accuracy"] for each in runs) / len(runs)
    slowest = max(each["seconds"] for each in runs)
    report = json.loads((data / "report" / "dataset_report.json").read_text(encoding="utf-8"))
    return {
        "source": report["source"],
        "counts": {split: counts["total"] for split, counts in report["counts"].items()},
        "epochs": epochs or "default",
        "runs": runs,
        "mean_accuracy": round(mean, 4),
        "standard_deviation": round(statistics.pstdev(each["accuracy"] for each in runs), 4),
        "slowest_seconds": slowest,
        "accuracy_bar": ACCURACY_BAR,
        "seconds_bar": SECONDS_BAR,
        "passed": mean >= ACCURACY_BAR and slowest <= SECONDS_BAR,
    }


def figures(result: dict[str, Any]) -> list[Figure]:
    """The promised figures of a run, with their spread over the seeds."""
    names = ("accuracy", "seconds", "calibration_error")
    accuracies, seconds, errors = ([each[name] for each in result["runs"]] for name in names)
    return [
        ACCURACY.found(result["mean_accuracy"], Spread.of(accuracies)),
        SECONDS.found(result["slowest_seconds"], Spread.of(seconds)),
        CALIBRATION.found(sum(errors) / len(errors), Spread.of(errors)),
    ]


def train_and_score(data: Path, job: Path, seed: int, epochs: int | None) -> dict[str, Any]:
    """One training job and its model's accuracy on the test images."""
    model = job / "model"
    cpu_before, started = _cpu_seconds_of_children(), time.perf_counter()
    train(data, job, model, seed, epochs)
    seconds = time.perf_counter() - started
    cpu_seconds = _cpu_seconds_of_children() - cpu_before
    return {
        "seed": seed,
        "accuracy": round(score(data, model, job / "answers"), 4),
        "calibration_error": round(calibration_error(data, job / "answers"), 4),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
    }


def _cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--epochs", type=int, help="default: that of train.py")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), given.seeds, given.epochs)
    print(f"{'seed':<8}{'accuracy':>10}{'seconds':>10}{'CPU s':>10}")
    for each in result["runs"]:
        print(f"{each['seed']:<8}{each['accuracy']:>10.3f}{each['seconds']:>10.1f}{each['cpu_seconds']:>10.1f}")
    print(f"{'mean':<8}{result['mean_accuracy']:>10.3f}   ({result['source']}, {result['counts']})")
    print(f"{'spread':<8}{result['standard_deviation']:>10.3f}   (standard deviation over the seeds)")
    found = figures(result)
    passed = all_met(found)
    print(f"expected calibration error {found[-1].value:.3f}, bar {CALIBRATION.bar}")
    verdict = "passed" if passed else "FAILED"
    print(f"bars: mean accuracy {ACCURACY_BAR}, {SECONDS_BAR:.0f} s each: {verdict}")
    write_result("accuracy", result, found)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
