"""Model quality: what the latest execution that had labels found, and how many labels there are. Reads S3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from model_monitor.capture import Window
from model_monitor.names import MODEL_QUALITY
from model_monitor.report.listing import listed
from model_monitor.report.runs import STATISTICS_FILE, Run
from model_monitor.stored import StoredFileDamaged, StoredFileMissing, read_object, split_uri

METRICS, BARS = "binary_classification_metrics", "binary_classification_constraints"
SHOWN = ("accuracy", "precision", "recall", "f1", "auc")
LESS = "LessThanThreshold"


@dataclass(frozen=True)
class Metric:
    """`deviation` is the standard deviation over resamples; `bar` with `operator` says when it is a violation."""

    name: str
    value: float
    deviation: float | None
    bar: float | None
    operator: str | None

    @property
    def violated(self) -> bool:
        if self.bar is None:
            return False
        return self.value < self.bar if self.operator == LESS else self.value > self.bar


@dataclass(frozen=True)
class Quality:
    """`labelled` counts the answers that were held against a label."""

    scheduled: datetime
    labelled: int
    metrics: tuple[Metric, ...]


def latest_quality(s3: Any, runs: Sequence[Run], constraints_uri: str | None) -> Quality | None:
    """None where no execution of the window has figures."""
    bars = _bars(s3, constraints_uri)
    for run in runs:
        if run.monitoring_type != MODEL_QUALITY or run.execution.report is None:
            continue
        try:
            document = read_object(s3, f"{run.execution.report}/{STATISTICS_FILE}")
            metrics, labelled = _metrics(document[METRICS], bars), int(document["dataset"]["item_count"])
        except (StoredFileMissing, StoredFileDamaged, KeyError, TypeError, ValueError, AttributeError):
            continue
        return Quality(run.execution.scheduled, labelled, metrics)
    return None


def count_labels(s3: Any, ground_truth: str, window: Window) -> int:
    """Files of ground truth in the window's hours; one is one label. `ground_truth` is the prefix of the hours."""
    _, prefix = split_uri(f"{ground_truth}/")
    last = f"{prefix}{window.end:%Y/%m/%d/%H}/~"
    keys = (item["Key"] for item in listed(s3, ground_truth, f"{window.start:%Y/%m/%d/%H}"))
    return sum(key.endswith(".jsonl") for key in takewhile(lambda key: key <= last, keys))


def _metrics(found: Mapping[str, Any], bars: Mapping[str, Any]) -> tuple[Metric, ...]:
    metrics = []
    for name in SHOWN:
        figures, asked = found.get(name) or {}, bars.get(name) or {}
        # the service writes "NaN" for what is not defined
        if not isinstance(figures.get("value"), int | float):
            continue
        deviation, bar = figures.get("standard_deviation"), asked.get("threshold")
        metrics.append(
            Metric(
                name,
                float(figures["value"]),
                float(deviation) if isinstance(deviation, int | float) else None,
                float(bar) if isinstance(bar, int | float) else None,
                asked.get("comparison_operator"),
            )
        )
    return tuple(metrics)


def _bars(s3: Any, uri: str | None) -> Mapping[str, Any]:
    try:
        found = read_object(s3, uri).get(BARS) if uri else None
    except (StoredFileMissing, StoredFileDamaged):
        found = None
    return found if isinstance(found, dict) else {}
