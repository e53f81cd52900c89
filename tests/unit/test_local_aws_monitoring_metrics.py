"""What a monitoring container leaves as metrics is published; what is none is left and told."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from local_aws.cloudwatch.series import SeriesStore
from local_aws.metrics import Metrics
from local_aws.sagemaker.monitoring.emitted_metrics import FOLDER, publish

NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
NOW = datetime(2030, 1, 1, 12, 0, 30, tzinfo=timezone.utc)
DIMENSIONS = {"Endpoint": "scones", "MonitoringSchedule": "hourly"}


@pytest.fixture
def metrics(tmp_path: Path) -> Metrics:
    return Metrics(SeriesStore(tmp_path / "metrics.sqlite3"), lambda: NOW)


def leave(job: Path, *documents: object) -> None:
    folder = job / FOLDER
    folder.mkdir(parents=True)
    lines = [document if isinstance(document, str) else json.dumps(document) for document in documents]
    (folder / "cloudwatch_metrics.jsonl").write_text("\n".join(lines) + "\n")


def datum(name: str, **values: object) -> dict[str, object]:
    dimensions = [{"Name": key, "Value": value} for key, value in DIMENSIONS.items()]
    return {"MetricName": name, "Timestamp": "2030-01-01T12:00:00Z", "Dimensions": dimensions, **values}


def read(metrics: Metrics, name: str, stat: str) -> list[float]:
    hour = timedelta(hours=1)
    found = metrics.statistic(NAMESPACE, name, DIMENSIONS, stat, 3600, NOW - hour, NOW + hour)
    return [value for _, value in found]


def test_values_and_statistic_sets_are_published(metrics: Metrics, tmp_path: Path) -> None:
    statistics = {"SampleCount": 4, "Sum": 2.0, "Minimum": 0.1, "Maximum": 0.9}
    leave(tmp_path, datum("drift", Value=0.25), datum("data", StatisticValues=statistics))
    assert publish(metrics, "DataQuality", tmp_path) == 2
    assert read(metrics, "drift", "Maximum") == [0.25]
    found = {stat: read(metrics, "data", stat) for stat in ("SampleCount", "Average", "Minimum", "Maximum")}
    assert found == {"SampleCount": [4], "Average": [0.5], "Minimum": [0.1], "Maximum": [0.9]}


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        json.dumps(["Value"]),
        datum("drift"),
        datum("drift", Value="much"),
        datum("drift", Value=float("nan")),
        datum("", Value=1),
        datum("drift", StatisticValues={"SampleCount": 0, "Sum": 0, "Minimum": 0, "Maximum": 0}),
        datum("drift", StatisticValues={"SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1}),
        datum("drift", StatisticValues={"SampleCount": 1}),
    ],
)
def test_a_line_that_is_no_metric_is_told_and_the_others_count(
    metrics: Metrics, tmp_path: Path, caplog: pytest.LogCaptureFixture, line: object
) -> None:
    leave(tmp_path, line, "", datum("drift", Value=0.5))
    with caplog.at_level(logging.WARNING):
        assert publish(metrics, "DataQuality", tmp_path) == 1
    assert read(metrics, "drift", "Maximum") == [0.5]
    assert "line 1 is no metric" in caplog.text
