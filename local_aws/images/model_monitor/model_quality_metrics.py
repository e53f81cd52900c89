"""Metrics of model quality for CloudWatch, in a file from which the platform publishes them.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-cloudwatch.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from .job import Job
from .result_files import write_text

METRICS_FILE = Path("output", "metrics", "cloudwatch", "cloudwatch_metrics.jsonl")


def write_metrics(job: Job, figures: Mapping[str, float]) -> None:
    """Write those that are defined, under their own names, at the time of the data (else now)."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    timestamp = job.variables.get("metric_time") or job.end_time or now
    named = (("Endpoint", job.endpoint), ("MonitoringSchedule", job.schedule))
    dimensions = [{"Name": name, "Value": value} for name, value in named if value]
    lines = (
        json.dumps({"MetricName": name, "Timestamp": timestamp, "Dimensions": dimensions, "Value": value})
        for name, value in figures.items()
        if math.isfinite(value)
    )
    write_text(job.base / METRICS_FILE, "".join(f"{line}\n" for line in lines))
