"""What `scones demo` writes down: the summary of one run of the loop, read from the API and from S3."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.atomic_text import write_text
from pipelines.executions import elapsed
from pipelines.live_endpoint import describe_endpoint
from pipelines.registry import describe_version

if TYPE_CHECKING:
    from pipelines.pictures import Answer
    from pipelines.session import Target
    from pipelines.submission import ExecutionStatus
    from pipelines.workflow.classification import Outcome


def summarise(target: Target, execution: ExecutionStatus, source: str) -> dict[str, Any]:
    """The summary: dataset, pipeline and model; a model that the gate rejected has no package and no approval status.

    `source` is how the archive was found on this machine (archive, download, generated).
    """
    package = package_of(execution)
    return {
        "dataset": _dataset(target, execution, source),
        "pipeline": _pipeline(execution),
        "model": _registered(target, package) if package else _rejected(target, execution),
        "endpoint": None,
        "workflow": None,
        "monitor": None,
        "retraining": None,
    }


def package_of(execution: ExecutionStatus) -> str | None:
    """The ARN of the model package that an execution registered, if it did."""
    found = [step.metadata["RegisterModel"]["Arn"] for step in execution.steps if "RegisterModel" in step.metadata]
    return str(found[0]) if found else None


def summarise_endpoint(target: Target, name: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """The endpoint's part of the summary. Latencies are the answers', in milliseconds, as the client saw them."""
    endpoint = describe_endpoint(target.client("sagemaker"), name)
    percentiles = statistics.quantiles([answer.milliseconds for answer in answers], n=100, method="inclusive")
    return {
        "name": endpoint.name,
        "status": endpoint.status,
        "package_arn": endpoint.package_arn,
        "p50_ms": round(percentiles[49], 2),
        "p99_ms": round(percentiles[98], 2),
    }


def summarise_workflow(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The workflow's part of the summary: executions by their end. Latency is from start to end, in milliseconds."""
    doubts = sum(outcome.low_confidence for outcome in outcomes)
    succeeded = sum(outcome.status == "SUCCEEDED" for outcome in outcomes)
    return {
        "executions": len(outcomes),
        "succeeded": succeeded,
        "low_confidence": doubts,
        "failed": len(outcomes) - succeeded - doubts,
        "p50_ms": round(statistics.median(outcome.milliseconds for outcome in outcomes), 2),
    }


def fetch_output(
    target: Target, execution: ExecutionStatus, step: str, output: str, folder: Path, most: int | None = None
) -> list[Path]:
    """Copy what a processing step wrote (`most` files of it, in the order of their keys) into a folder; the files."""
    bucket, _, key = _output(target, execution, step, output).removeprefix("s3://").partition("/")
    prefix = f"{key.rstrip('/')}/"
    s3 = target.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for item in islice((item for page in pages for item in page.get("Contents", [])), most)]
    files = []
    for each in keys:
        path = folder / each.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, each, str(path))
        files.append(path)
    return files


def write_summary(summary: Mapping[str, Any], path: Path) -> None:
    """Write the summary as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(summary, indent=2) + "\n")


def _dataset(target: Target, execution: ExecutionStatus, source: str) -> dict[str, Any]:
    report = _read_json(target, f"{_output(target, execution, 'ExtractCifar', 'report')}/dataset_report.json")
    counts = report["counts"]
    return {
        "source": source,
        "sha256": report["archive"]["sha256"],
        **{split: counts[split]["total"] for split in ("train", "validation", "test")},
    }


def _pipeline(execution: ExecutionStatus) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    return {
        "execution_arn": execution.arn,
        "status": execution.status,
        "seconds": round((execution.modified - execution.created).total_seconds(), 1),
        "steps": {
            step.name: {"status": step.status, "seconds": round(elapsed(step, now) or 0.0, 1)}
            for step in execution.steps
        },
    }


def _registered(target: Target, package_arn: str) -> dict[str, Any]:
    version = describe_version(target.client("sagemaker"), package_arn)
    return {
        "package_arn": version.arn,
        "accuracy": version.accuracy,
        "threshold": float(version.metadata["accuracy_threshold"]),
        "approval_status": version.approval_status,
    }


def _rejected(target: Target, execution: ExecutionStatus) -> dict[str, Any]:
    evaluation = _read_json(target, f"{_output(target, execution, 'EvaluateModel', 'evaluation')}/evaluation.json")
    accuracy = next(gate for gate in evaluation["gates"] if gate["name"] == "accuracy")
    return {
        "package_arn": None,
        "accuracy": accuracy["value"],
        "threshold": accuracy["bar"],
        "approval_status": None,
    }


def _output(target: Target, execution: ExecutionStatus, step_name: str, output: str) -> str:
    """The S3 prefix of a processing step's output."""
    job = next(step.metadata["ProcessingJob"]["Arn"] for step in execution.steps if step.name == step_name)
    described = target.client("sagemaker").describe_processing_job(ProcessingJobName=job.rsplit("/", 1)[-1])
    outputs = described["ProcessingOutputConfig"]["Outputs"]
    return str(next(one["S3Output"]["S3Uri"] for one in outputs if one["OutputName"] == output)).rstrip("/")


def _read_json(target: Target, uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = target.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return dict(json.loads(body))
