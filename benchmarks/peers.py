"""Peers on the same data and machine: a plain ResNet, trained as a notebook would, and the SDK's own local session.

The ResNet (`plain_resnet.py`) is trained twice for each seed: for as many epochs as fit into the seconds that our
training process takes from start to end, with its whole schedule in them, and for its own 40 epochs. It trains on
train and validation together. Nothing is chosen by the test split: each net is scored on it once, at its end.

The other peers have benchmarks of their own, with bars: the notebook's extraction (`extraction.py`) and the bare
scripts without a pipeline engine (`engine_overhead.py`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise, Spread
from benchmarks.provenance import ROOT
from benchmarks.result_file import write_result
from benchmarks.scripts_by_hand import extract, find_archive, score, train
from benchmarks.sdk_local_pipeline import Attempt, attempt, records

SEEDS = (1, 2)
OWN_EPOCHS = 40
GAUGE_EPOCHS = 2
PLAIN, SDK = "a plain ResNet script", "the SDK's local pipeline session"

OURS = Promise("accuracy beside the plain ResNet: ours", "share", "at least", beside=PLAIN)
SAME_SECONDS = Promise("accuracy of the plain ResNet after our seconds", "share", "at least", beside=PLAIN)
OWN_END = Promise("accuracy of the plain ResNet at its own end", "share", "at least", beside=PLAIN)
ERRORS = Promise("our wrong answers over the plain ResNet's after our seconds", "ratio", "at most", beside=PLAIN)
OWN_SECONDS = Promise("training time of the plain ResNet to its own end over ours", "ratio", "at least", beside=PLAIN)
SDK_LOCAL = Promise("the SDK's local session over the bare scripts", "ratio", "at most", beside=SDK)
PROMISES = (OURS, SAME_SECONDS, OWN_END, ERRORS, OWN_SECONDS, SDK_LOCAL)


@dataclass(frozen=True)
class Training:
    """One training: wall seconds of its process, accuracy on the test split (0..1), epochs if it is known here."""

    seconds: float
    accuracy: float
    epochs: int | None = None


@dataclass(frozen=True)
class Seed:
    """What one seed gave each way."""

    seed: int
    ours: Training
    same_seconds: Training
    own_end: Training


def compare_training(
    data: Path, work_dir: Path, seeds: Sequence[int], own_epochs: int, our_epochs: int | None
) -> list[Seed]:
    """Train all ways for each seed. Raises subprocess.CalledProcessError."""
    gauge = _plain(data, seeds[0], GAUGE_EPOCHS)
    epoch_seconds = gauge["training_seconds"] / GAUGE_EPOCHS
    found = []
    for seed in seeds:
        ours = _ours(data, work_dir / f"ours-{seed}", seed, our_epochs)
        fitting = max(1, round(ours.seconds / epoch_seconds))
        found.append(Seed(seed, ours, _timed_plain(data, seed, fitting), _timed_plain(data, seed, own_epochs)))
    return found


def training_figures(found: Sequence[Seed]) -> list[Figure]:
    """Means over the seeds; errors and seconds are compared as sums, so that no seed's few mistakes decide."""
    ways = [(OURS, [seed.ours for seed in found])]
    ways += [(SAME_SECONDS, [seed.same_seconds for seed in found]), (OWN_END, [seed.own_end for seed in found])]
    figures = [_mean(promise, [training.accuracy for training in trainings]) for promise, trainings in ways]
    wrong = [(1 - seed.ours.accuracy, 1 - seed.same_seconds.accuracy) for seed in found]
    seconds = [(seed.own_end.seconds, seed.ours.seconds) for seed in found]
    return [*figures, _quotient(ERRORS, wrong), _quotient(OWN_SECONDS, seconds)]


def sdk_figure(attempts: dict[str, Attempt], script_seconds: float | None) -> Figure:
    """The two steps' time over that of their scripts; or why there is none."""
    two = attempts["two steps"]
    if two.seconds is None or script_seconds is None:
        whole = attempts["the whole pipeline"].reason
        return SDK_LOCAL.not_here(f"The whole pipeline: {whole} Extraction and training alone: {two.reason}")
    return SDK_LOCAL.found(two.seconds / script_seconds)


def _mean(promise: Promise, values: Sequence[float]) -> Figure:
    return promise.found(sum(values) / len(values), Spread.of(values))


def _quotient(promise: Promise, pairs: Sequence[tuple[float, float]]) -> Figure:
    below = sum(under for _, under in pairs)
    if not below:
        return promise.not_here("the other side made no mistake at all")
    each = [over / under for over, under in pairs if under]
    return promise.found(sum(over for over, _ in pairs) / below, Spread.of(each))


def _ours(data: Path, job: Path, seed: int, epochs: int | None) -> Training:
    began = time.perf_counter()
    train(data, job, job / "model", seed, epochs)
    seconds = time.perf_counter() - began
    return Training(round(seconds, 2), round(score(data, job / "model", job / "answers"), 4), epochs)


def _timed_plain(data: Path, seed: int, epochs: int) -> Training:
    began = time.perf_counter()
    told = _plain(data, seed, epochs)
    return Training(round(time.perf_counter() - began, 2), told["accuracy"], epochs)


def _plain(data: Path, seed: int, epochs: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.plain_resnet", str(data), "--seed", str(seed), "--epochs", str(epochs)]
    told: dict[str, float] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return told


def run(
    work_dir: Path, seeds: Sequence[int] = SEEDS, own_epochs: int = OWN_EPOCHS, our_epochs: int | None = None
) -> tuple[dict[str, Any], list[Figure]]:
    """Details and figures of both peers."""
    archive, data = find_archive(work_dir), work_dir / "data"
    began = time.perf_counter()
    extract(archive, data)
    extraction_seconds = time.perf_counter() - began
    found = compare_training(data, work_dir, seeds, own_epochs, our_epochs)
    # the SDK's session wants a number of epochs; only that of a sample is needed to see how far it comes
    attempts = attempt(work_dir / "sdk", archive, our_epochs or 1, seeds[0])
    by_hand = None
    if attempts["two steps"].seconds is not None:
        by_hand = extraction_seconds + _ours(data, work_dir / "beside-sdk", seeds[0], our_epochs or 1).seconds
    details = {
        "seeds": [asdict(seed) for seed in found],
        "own_epochs": own_epochs,
        "sdk_local_session": records(attempts),
        "scripts_beside_sdk_seconds": by_hand,
    }
    return details, [*training_figures(found), sdk_figure(attempts, by_hand)]


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--own-epochs", type=int, default=OWN_EPOCHS)
    parser.add_argument("--our-epochs", type=int, help="default: that of train.py")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        details, figures = run(Path(folder), given.seeds, given.own_epochs, given.our_epochs)
    for figure in figures:
        print(f"{figure.name:<62}{'cannot run here' if figure.value is None else f'{figure.value:.3f}':>16}")
        if figure.reason:
            print(f"  {figure.reason}")
    write_result("peers", details, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
