"""The metrics that the platform publishes: each column's figures, completeness and drift.

Names: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-cloudwatch.html, the lines' form:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-cloudwatch.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .column_profile import ColumnProfile
from .dataset_profile import DatasetProfile
from .result_files import finite, write_text
from .statistics_file import NUMERIC

METRICS = Path("output/metrics/cloudwatch/cloudwatch_metrics.jsonl")


def write_metrics(
    path: Path,
    dimensions: Mapping[str, str],
    profile: DatasetProfile,
    drifts: Mapping[str, float],
    emitted: Mapping[str, bool],
    moment: datetime | None = None,
) -> None:
    """One metric a line, at `moment` (now). Columns for which `emitted` says no are left out."""
    timestamp = (moment or datetime.now(timezone.utc)).strftime("%Y-%m-%dT%H:%M:%SZ")
    shared = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    lines = [
        json.dumps({"MetricName": name, "Timestamp": timestamp, "Dimensions": shared, **value}, allow_nan=False)
        for name, value in _metrics(profile, drifts, emitted)
    ]
    write_text(path, "".join(f"{line}\n" for line in lines))


def _metrics(
    profile: DatasetProfile, drifts: Mapping[str, float], emitted: Mapping[str, bool]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, column in profile.columns.items():
        if not emitted.get(name, True):
            continue
        if column.inferred_type in NUMERIC:
            yield f"feature_data_{name}", {"StatisticValues": _statistic_values(column)}
        yield f"feature_non_null_{name}", {"Value": profile.completeness(name)}
        if name in drifts:
            yield f"feature_baseline_drift_{name}", {"Value": drifts[name]}


def _statistic_values(column: ColumnProfile) -> dict[str, float]:
    return {
        "SampleCount": float(column.present),
        "Sum": finite(column.sum),
        "Minimum": column.min,
        "Maximum": column.max,
    }
