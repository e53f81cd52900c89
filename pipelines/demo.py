"""What `scones demo` writes down: the summary of one run of the loop, read from the API and from S3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.atomic_text import write_text
from pipelines.executions import elapsed
from pipelines.registry import describe_version

if TYPE_CHECKING:
    from pipelines.session import Target
    from pipelines.submission import ExecutionStatus


def summarise(target: Target, execution: ExecutionStatus, source: str) -> dict[str, Any]:
    """The summary: dataset, pipeline and model; a model that the gate rejected has no package and no approval status.

    `source` is how the archive was found on this machine (archive, download, generated).
    """
    package = _arn(execution, "RegisterModel")
    return {
        "dataset": _dataset(target, execution, source),
        "pipeline": _pipeline(execution),
        "model": _registered(target, package) if package else _rejected(target, execution),
    }


def fetch_evaluation(target: Target, execution: ExecutionStatus, folder: Path) -> list[Path]:
    """Copy what EvaluateModel wrote (figures, predictions, plots) into a folder; returns the files."""
    prefix = _output(target, execution, "EvaluateModel", "evaluation")
    bucket, _, key = prefix.removeprefix("s3://").partition("/")
    s3 = target.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{key.rstrip('/')}/")
    files = []
    for item in (item for page in pages for item in page.get("Contents", [])):
        path = folder / item["Key"].removeprefix(f"{key.rstrip('/')}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, item["Key"], str(path))
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


def _arn(execution: ExecutionStatus, kind: str) -> str | None:
    found = [step.metadata[kind]["Arn"] for step in execution.steps if kind in step.metadata]
    return str(found[0]) if found else None


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
