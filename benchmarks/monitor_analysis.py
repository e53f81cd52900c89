"""A million captured records through the analyzer, against the straightforward way on the same files.

That way is a notebook's, `monitor_by_hand.py`. Both run as processes of their own, from start to end, and their
figures are compared. Bars: at least 5 times as fast, at most 400 MB of memory, and from 100,000 to 1,000,000 records
at most 1.2 times ten times as long.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.figure import Figure, Promise, Spread, all_met
from benchmarks.result_file import write_result

FASTER = Promise("a million captured records, times as fast as json.loads and pandas", "ratio", "at least", 5.0)
MEMORY = Promise("a million captured records, peak memory", "megabytes", "at most", 400.0)
GROWTH = Promise("a million captured records over ten times the time of 100,000", "ratio", "at most", 1.2)
PROMISES = (FASTER, MEMORY, GROWTH)
RECORDS = (10_000, 100_000, 1_000_000)
# What the straightforward way needs for a million records; where there is less, it gets fewer to read.
STRAIGHTFORWARD_BYTES = 8 << 30
RECORDS_AT_LEAST = 250_000
ENCODINGS = ("CSV", "JSON")
FEATURES = 4
BATCH = 10_000
ANALYZER = Path(__file__).parents[1] / "local_aws/images/sagemaker_model_monitor_analyzer.py"
# of a rank: what the sketches of both sides may be wrong by
SKETCH_ERROR = 0.004


@dataclass(frozen=True)
class Run:
    """A process that has ended: wall seconds and peak resident memory in megabytes."""

    seconds: float
    megabytes: float


def run(folder: Path, sizes: Sequence[int] = RECORDS) -> tuple[dict[str, Any], list[Figure]]:
    """Measure under the folder (about 1 GB). Raises RuntimeError where the two ways' figures differ."""
    results = [_measure(folder / encoding, encoding, sizes) for encoding in ENCODINGS]
    # the worse kind of input counts
    figures = [
        _worst(FASTER, min, [result["ratio"] for result in results]),
        _worst(MEMORY, max, [result["megabytes"] for result in results]),
        _worst(GROWTH, max, [result["growth"] for result in results]),
    ]
    return {"inputs": results}, figures


def _worst(promise: Promise, choose: Callable[[list[float]], float], values: list[float]) -> Figure:
    return promise.found(choose(values), Spread.of(values))


def _measure(folder: Path, encoding: str, sizes: Sequence[int]) -> dict[str, Any]:
    for size in sizes:
        write_records(folder / str(size), size, encoding)
    baseline = folder / str(sizes[0])
    _analyse(baseline, folder / "baseline", None)
    runs = {size: _analyse_thrice(folder / str(size), folder / "ours", folder / "baseline") for size in sizes}
    compared = sizes[-1]
    if psutil.virtual_memory().available < STRAIGHTFORWARD_BYTES * compared / RECORDS[-1]:
        compared = min(compared, RECORDS_AT_LEAST)
        write_records(folder / "compared", compared, encoding)
    source = folder / ("compared" if compared != sizes[-1] else str(compared))
    ours = runs[compared] if compared in runs else _analyse_thrice(source, folder / "ours", folder / "baseline")
    theirs = _process(
        [sys.executable, "-m", "benchmarks.monitor_by_hand", str(source), str(baseline), str(folder / "theirs.json")],
        {},
    )
    compare(folder / "ours", folder / "theirs.json")
    before, last = sizes[-2:]
    return {
        "input": encoding,
        "compared_records": compared,
        "seconds": {str(size): round(measured.seconds, 2) for size, measured in runs.items()},
        "straightforward_seconds": round(theirs.seconds, 2),
        "straightforward_megabytes": round(theirs.megabytes),
        "ratio": round(theirs.seconds / ours.seconds, 2),
        "megabytes": round(max(measured.megabytes for measured in runs.values())),
        "growth": round(runs[last].seconds / runs[before].seconds / (last / before), 3),
    }


def write_records(folder: Path, count: int, encoding: str) -> None:
    """Captured records of a model of four features, in files of 10,000: lines as data capture writes them."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(count)
    for start in range(0, count, BATCH):
        probabilities = generator.beta(5, 1, BATCH)
        features = generator.normal(size=(BATCH, FEATURES)).round(6).tolist()
        lines = [
            _line(start + index, features[index], float(probabilities[index]), encoding)
            for index in range(min(BATCH, count - start))
        ]
        (folder / f"{start:09d}.jsonl").write_text("".join(lines))


def _line(number: int, features: list[float], probability: float, encoding: str) -> str:
    content_type = "text/csv" if encoding == "CSV" else "application/json"
    data = ",".join(map(str, features)) if encoding == "CSV" else json.dumps(features)
    output = json.dumps([probability, 1 - probability])
    sides = {
        "endpointInput": _payload(content_type, "INPUT", data, encoding),
        "endpointOutput": _payload("application/json", "OUTPUT", output, "JSON"),
    }
    metadata = {"eventId": f"{number:08x}-0000-4000-8000-000000000000", "inferenceTime": "2026-03-04T11:59:58Z"}
    record = {"captureData": sides, "eventMetadata": metadata, "eventVersion": "0"}
    return json.dumps(record, separators=(",", ":")) + "\n"


def _payload(content_type: str, mode: str, data: str, encoding: str) -> dict[str, str]:
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def _analyse_thrice(source: Path, output: Path, baseline: Path) -> Run:
    """The run of median time: being short, ours is measured three times, so that one hiccup does not decide."""
    return sorted((_analyse(source, output, baseline) for _ in range(3)), key=lambda run: run.seconds)[1]


def _analyse(source: Path, output: Path, baseline: Path | None) -> Run:
    variables = {
        "SAGEMAKER_BASE_DIR": str(output / "ml"),
        "dataset_format": json.dumps({"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput"]}}),
        "dataset_source": str(source),
        "output_path": str(output),
        "sagemaker_endpoint_name": "endpoint",
        "sagemaker_monitoring_schedule_name": "schedule",
        "publish_cloudwatch_metrics": "Enabled",
    }
    if baseline is not None:
        variables["baseline_constraints"] = str(baseline / "constraints.json")
        variables["baseline_statistics"] = str(baseline / "statistics.json")
    return _process([sys.executable, str(ANALYZER), "process"], variables)


def _process(command: list[str], variables: dict[str, str]) -> Run:
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Run(seconds, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2))


def compare(ours: Path, theirs: Path) -> None:
    """Raises RuntimeError where a figure of the analyzer's files is not that of the straightforward way."""
    features = {
        feature["name"]: feature["numerical_statistics"]
        for feature in json.loads((ours / "statistics.json").read_text())["features"]
    }
    lines = (ours / "ml/output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    metrics = {metric["MetricName"]: metric.get("Value") for metric in map(json.loads, lines)}
    for name, expected in json.loads(theirs.read_text()).items():
        found = features[name]
        rows = found["common"]["num_present"]
        bucket = found["distribution"]["kll"]["buckets"][0]["count"]
        drift = metrics[f"feature_baseline_drift_{name}"]
        moments = ("mean", "std_dev", "min", "max")
        same = all(abs(found[key] - expected[key]) <= 1e-9 * max(1, abs(expected[key])) for key in moments)
        if not same or abs(bucket - expected["first_bucket"]) > SKETCH_ERROR * rows:
            raise RuntimeError(f"{name} differs: {expected} became {[found[key] for key in moments]}, bucket {bucket}")
        if abs(drift - expected["drift"]) > SKETCH_ERROR:
            raise RuntimeError(f"The drift of {name} is {expected['drift']}, and became {drift}")


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs=3, default=list(RECORDS), help="three numbers, ascending")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        result, figures = run(Path(folder), given.records)
    print(f"{'input':<8}{'records':>12}{'analyzer s':>12}{'straightforward s':>20}{'MB':>8}{'growth':>8}")
    for row in result["inputs"]:
        for records, seconds in row["seconds"].items():
            print(f"{row['input']:<8}{int(records):>12,}{seconds:>12.2f}")
        print(
            f"{row['input']:<8}{row['compared_records']:>12,}{'':>12}{row['straightforward_seconds']:>20.2f}"
            f"{row['megabytes']:>8}{row['growth']:>8}  (straightforward {row['straightforward_megabytes']} MB)"
        )
    passed = all_met(figures)
    faster, memory, growth = (figure.value for figure in figures)
    print(f"{faster} times as fast, bar {FASTER.bar}; at most {memory} MB, bar {MEMORY.bar:.0f}; growth {growth}")
    print("passed" if passed else "FAILED")
    write_result("monitor_analysis", result, figures)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
