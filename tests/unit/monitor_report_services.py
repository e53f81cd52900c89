"""An endpoint with captured records, baseline, schedules and reports in memory: what the report is made of."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from botocore.exceptions import ClientError
from PIL import Image

from model_monitor.capture import Window
from model_monitor.preprocessor import LOCAL_FILE
from model_monitor.record_preprocessor import FEATURES
from tests.unit.endpoint_safeguards_services import ACCOUNT, ENDPOINT, package_arn
from tests.unit.monitoring_services import MonitoredWorld

START = datetime(2030, 1, 1, 9, tzinfo=timezone.utc)
WINDOW = Window(START, START + timedelta(hours=3))
REPORTS = "scones/monitoring/reports"


class MissingKey(ClientError):
    pass


class Body(io.BytesIO):
    """An object's body: read whole or in blocks."""

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while block := self.read(size):
            yield block


class Bucket:
    """S3 with one bucket."""

    exceptions = SimpleNamespace(NoSuchKey=MissingKey)

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def put(self, key: str, value: Any) -> None:
        self.found[key] = value if isinstance(value, bytes) else json.dumps(value).encode()

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Bucket != "bucket" or Key not in self.found:
            raise MissingKey({"Error": {"Code": "NoSuchKey", "Message": "gone"}}, "GetObject")
        return {"ContentLength": len(self.found[Key]), "Body": Body(self.found[Key])}

    def get_paginator(self, operation: str) -> Bucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str, StartAfter: str = "", Delimiter: str = "") -> Iterator[dict[str, Any]]:
        if Bucket != "bucket":
            raise ClientError({"Error": {"Code": "NoSuchBucket", "Message": "gone"}}, "ListObjectsV2")
        keys = sorted(key for key in self.found if key.startswith(Prefix) and key > StartAfter)
        folders = {f"{Prefix}{key[len(Prefix) :].split('/')[0]}/" for key in keys if "/" in key[len(Prefix) :]}
        if Delimiter:
            keys = [key for key in keys if "/" not in key[len(Prefix) :]]
        yield {
            "Contents": [{"Key": key, "LastModified": START} for key in keys],
            "CommonPrefixes": [{"Prefix": folder} for folder in sorted(folders)] if Delimiter else [],
        }


class Watched:
    """Version 1 at the endpoint, which captures; the rest is as a test makes it."""

    name, bucket = "local", "bucket"

    def __init__(self) -> None:
        self.world, self.s3 = MonitoredWorld(), Bucket()
        self.stacks: dict[str, dict[str, str]] = {}
        self.world.endpoint(package_arn(1))
        self.world.sagemaker._endpoints[ENDPOINT] |= {"CreationTime": START, "LastModifiedTime": START}
        self.s3.put("code/1/record_preprocessor.py", LOCAL_FILE.read_bytes())

    def client(self, service: str) -> Any:
        return {"sagemaker": self.world.sagemaker, "s3": self.s3, "cloudformation": self}[service]

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName not in self.stacks:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": f"Stack {StackName} does not exist"}}, "DescribeStacks"
            )
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.stacks[StackName].items()]
        return {"Stacks": [{"StackName": StackName, "StackStatus": "CREATE_COMPLETE", "Parameters": parameters}]}

    def capture(self, lines: Iterable[Mapping[str, Any] | bytes], hour: datetime = START) -> None:
        """A capture file of that hour."""
        content = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
        number = len(self.s3.found)
        self.s3.put(
            f"scones/data-capture/{ENDPOINT}/AllTraffic/{hour:%Y/%m/%d/%H}/{hour:%M-%S}-000-{number}.jsonl", content
        )

    def baseline(self, rows: Sequence[Mapping[str, Any]], version: int = 1, bar: float = 0.1) -> None:
        """Of these rows of features, with Model Monitor's own constraints."""
        self.s3.put(f"baselines/{version}/statistics.json", statistics(rows))
        self.s3.put(f"baselines/{version}/constraints.json", constraints(rows, bar))

    def ran(
        self,
        schedule: str,
        status: str,
        hour: datetime,
        violations: Sequence[Mapping[str, str]] = (),
        figures: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> str:
        """An execution with its report; the report's key."""
        sagemaker, kind = self.world.sagemaker, "ModelQuality" if "model-quality" in schedule else "DataQuality"
        key = f"{REPORTS}/{ENDPOINT}/{schedule}/{hour:%Y/%m/%d/%H}"
        job = f"job-{len(sagemaker._jobs)}"
        sagemaker._jobs[job] = {"ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": f"s3://bucket/{key}"}}]}}
        if reason:
            sagemaker._jobs[job]["FailureReason"] = reason
        if status in ("Completed", "CompletedWithViolations"):
            self.report(key, violations, figures)
        sagemaker._executions_of.setdefault(schedule, []).insert(
            0,
            {
                "MonitoringScheduleName": schedule,
                "MonitoringType": kind,
                "ScheduledTime": hour,
                "LastModifiedTime": hour + timedelta(minutes=5),
                "ProcessingJobArn": f"{ACCOUNT}:processing-job/{job}",
                "MonitoringExecutionStatus": [status],
            },
        )
        return key

    def report(
        self, key: str, violations: Sequence[Mapping[str, str]] = (), figures: Mapping[str, Any] | None = None
    ) -> None:
        """What an execution leaves in S3."""
        document: dict[str, Any] = {"version": 0.0, "dataset": {"item_count": 40}}
        if figures is not None:
            document["binary_classification_metrics"] = figures
        self.s3.put(f"{key}/statistics.json", document)
        self.s3.put(f"{key}/constraint_violations.json", {"violations": list(violations)})


@lru_cache(maxsize=512)
def png(level: int = 128, size: tuple[int, int] = (32, 32)) -> bytes:
    """A picture of that brightness (0 to 255), a little different in every corner."""
    pixels = np.clip(np.add.outer(np.arange(size[1]), np.arange(size[0])) % 9 + level - 4, 0, 255).astype(np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(np.stack([pixels] * 3, axis=-1)).save(encoded, "PNG")
    return encoded.getvalue()


def record(moment: datetime, probability: float = 0.02, body: bytes | None = None, **metadata: Any) -> dict[str, Any]:
    """A captured invocation; `probability` is that of a motorcycle."""
    content = png() if body is None else body
    return {
        "captureData": {
            "endpointInput": {
                "observedContentType": "image/png",
                "mode": "INPUT",
                "data": base64.b64encode(content).decode(),
                "encoding": "BASE64",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": json.dumps([1 - probability, probability]),
                "encoding": "JSON",
            },
        },
        "eventMetadata": {"eventId": f"event-{moment:%H%M%S%f}", "inferenceTime": moment.isoformat(), **metadata},
        "eventVersion": "0",
    }


def statistics(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """As the service writes them."""
    features = [_feature(name, [row[name] for row in rows]) for name in FEATURES]
    return {"version": 0.0, "dataset": {"item_count": len(rows)}, "features": features}


def constraints(rows: Sequence[Mapping[str, Any]], bar: float = 0.1) -> dict[str, Any]:
    features = [
        {"name": one["name"], "inferred_type": one["inferred_type"], "completeness": 1.0}
        for one in statistics(rows)["features"]
    ]
    compared = {
        "perform_comparison": "Enabled",
        "comparison_threshold": bar,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": bar,
        "categorical_drift_method": "LInfinity",
    }
    return {
        "version": 0.0,
        "features": features,
        "monitoring_config": {"evaluate_constraints": "Enabled", "distribution_constraints": compared},
    }


def _feature(name: str, values: Sequence[Any]) -> dict[str, Any]:
    present = [value for value in values if value is not None]
    common = {"num_present": len(present), "num_missing": len(values) - len(present)}
    if present and isinstance(present[0], str):
        buckets = [{"value": text, "count": present.count(text)} for text in sorted(set(present))]
        figures = {
            "common": common,
            "distinct_count": len(buckets),
            "distribution": {"categorical": {"buckets": buckets}},
        }
        return {"name": name, "inferred_type": "String", "string_statistics": figures}
    numbers = np.sort(np.array(present, dtype=np.float64))
    counts, edges = (
        np.histogram(numbers, 10, (numbers[0], numbers[-1]))
        if numbers[0] < numbers[-1]
        else (
            np.array([0] * 9 + [len(numbers)]),
            np.full(11, numbers[0]),
        )
    )
    kll = {
        "buckets": [
            {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
            for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        ],
        "sketch": {"parameters": {"c": 0.64, "k": 2048.0}, "data": [numbers.tolist()]},
    }
    whole = all(isinstance(value, int) for value in present)
    return {
        "name": name,
        "inferred_type": "Integral" if whole else "Fractional",
        "numerical_statistics": {"common": common, "distribution": {"kll": kll}},
    }
