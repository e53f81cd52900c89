"""Captured records analysed as a notebook would: kept as it is usually written, for `monitor_analysis.py` to measure.

json.loads each line into a list, json_normalize, columns out of the two payloads, then pandas for the figures that the
analyzer gives: moments, ten buckets, the distance from the baseline.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd


def straightforward(source: Path, baseline: Path) -> dict[str, dict[str, float]]:
    """A notebook's way, kept as it is usually written: each column's figures, by the analyzer's name."""
    frame, before = _frame(source), _frame(baseline)
    described = frame.describe()
    figures = {}
    for column in frame:
        points = np.union1d(frame[column], before[column])
        cumulated = [
            np.searchsorted(np.sort(values), points, side="right") / len(values)
            for values in (frame[column].to_numpy(), before[column].to_numpy())
        ]
        distance = float(np.abs(cumulated[0] - cumulated[1]).max())
        correction = 1.8 * ((len(frame) + len(before)) / (len(frame) * len(before))) ** 0.5
        figures[f"_c{column}"] = {
            "mean": float(described[column]["mean"]),
            "std_dev": float(frame[column].std(ddof=0)),
            "min": float(described[column]["min"]),
            "max": float(described[column]["max"]),
            "first_bucket": int(pd.cut(frame[column], 10, labels=False).value_counts().get(0, 0)),
            "drift": max(0.0, distance - correction),
        }
    return figures


def _frame(source: Path) -> pd.DataFrame:
    records = []
    for path in sorted(source.rglob("*.jsonl")):
        with open(path) as file:
            records += [json.loads(line) for line in file]
    normalized = pd.json_normalize(records)
    outputs = pd.DataFrame(normalized["captureData.endpointOutput.data"].map(json.loads).tolist())
    data = normalized["captureData.endpointInput.data"]
    if (normalized["captureData.endpointInput.encoding"] == "CSV").all():
        inputs = data.str.split(",", expand=True).astype(float)
    else:
        inputs = pd.DataFrame(data.map(json.loads).tolist())
    return pd.concat([outputs, inputs], axis=1, ignore_index=True)


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(straightforward(Path(sys.argv[1]), Path(sys.argv[2]))))
