"""The metrics that a monitoring container leaves in files, for the platform to publish.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-cloudwatch.html
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from local_aws.cloudwatch.distribution import Distribution
from local_aws.cloudwatch.series import MINUTE, Bucket, Series
from local_aws.metrics import Metrics
from local_aws.sagemaker.monitoring.records import DATA_QUALITY, MODEL_QUALITY

LOGGER = logging.getLogger(__name__)

NAMESPACES = {
    DATA_QUALITY: "aws/sagemaker/Endpoints/data-metrics",
    MODEL_QUALITY: "aws/sagemaker/Endpoints/model-metrics",
}
FOLDER = "opt/ml/output/metrics/cloudwatch"
MOST_DIMENSIONS = 30


def publish(metrics: Metrics, monitoring_type: str, job_root: Path) -> int:
    """Publish what the containers of a job left below its folder; how many data. Damaged lines are logged and left."""
    namespace = NAMESPACES[monitoring_type]
    found = [datum for path in _files(job_root) for datum in _data(namespace, path)]
    metrics.add(found)
    return len(found)


def _files(job_root: Path) -> list[Path]:
    return sorted(
        path
        for pattern in (f"{FOLDER}/*.jsonl", f"algo-*/{FOLDER}/*.jsonl")
        for path in job_root.glob(pattern)
        if path.is_file() and not path.is_symlink()
    )


def _data(namespace: str, path: Path) -> Iterator[tuple[Series, Bucket]]:
    with open(path, errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield _datum(namespace, json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                LOGGER.warning("%s, line %d is no metric: %s: %s", path, number, type(error).__name__, error)


def _datum(namespace: str, document: dict[str, Any]) -> tuple[Series, Bucket]:
    """Raises ValueError, TypeError, KeyError."""
    dimensions = {each["Name"]: each["Value"] for each in document["Dimensions"]}
    texts = [document["MetricName"], *dimensions, *dimensions.values()]
    if not all(isinstance(text, str) and text for text in texts) or len(dimensions) > MOST_DIMENSIONS:
        raise ValueError("MetricName and Dimensions must be texts, and not empty")
    moment = datetime.fromisoformat(document["Timestamp"].replace("Z", "+00:00"))
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    minute = int(aware.timestamp()) // MINUTE * MINUTE
    return Series.of(namespace, document["MetricName"], dimensions), Bucket(minute, "None", _distribution(document))


def _distribution(document: dict[str, Any]) -> Distribution:
    """One value, or a statistic set. Raises ValueError, TypeError, KeyError."""
    if "StatisticValues" not in document:
        return Distribution.of((_finite(document["Value"]),), (1.0,))
    values = document["StatisticValues"]
    count, total, least, most = (_finite(values[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum"))
    if count <= 0 or least > most:
        raise ValueError(f"the statistic set is of {count} values between {least} and {most}")
    return Distribution.of_statistics(count, total, least, most)


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"the value is {number}")
    return number
