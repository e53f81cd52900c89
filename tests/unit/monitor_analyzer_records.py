"""Captured records and jobs for the tests of the Model Monitor analyzer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local_aws.images.model_monitor.entry_point import main
from local_aws.images.model_monitor.job import Job

CAPTURED = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
TYPES = {"CSV": "text/csv", "JSON": "application/json", "BASE64": "image/png"}


def side(data: str, encoding: str, content_type: str | None = None) -> dict[str, str]:
    """A payload as data capture writes it."""
    return {
        "observedContentType": content_type or TYPES.get(encoding, ""),
        "mode": "",
        "data": data,
        "encoding": encoding,
    }


def record(output: dict[str, str] | None, input: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    """A captured record of these sides."""
    sides = {"endpointInput": input, "endpointOutput": output}
    return {
        "captureData": {name: payload for name, payload in sides.items() if payload is not None},
        "eventMetadata": {"eventId": "e", "inferenceTime": "2026-03-04T11:59:58Z", **metadata},
        "eventVersion": "0",
    }


def write_lines(path: Path, values: Iterable[Any]) -> Path:
    """JSON lines; bytes are written as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values]
    path.write_bytes(b"".join(lines))
    return path


def variables(base: Path, source: Path, dataset_format: str = CAPTURED, **more: str) -> dict[str, str]:
    """The environment of a container whose /opt/ml is `base`."""
    return {
        "SAGEMAKER_BASE_DIR": str(base),
        "dataset_format": dataset_format,
        "dataset_source": str(source),
        "output_path": str(base / "processing/output"),
        **more,
    }


def job(base: Path, source: Path, dataset_format: str = CAPTURED, **more: str) -> Job:
    return Job.of(variables(base, source, dataset_format, **more), base)


def analysed(base: Path, source: Path, dataset_format: str = CAPTURED, **more: str) -> tuple[int, str]:
    """Exit code and message of an analysis in this process."""
    code = main(["process"], variables(base, source, dataset_format, **more))
    return code, (base / "output/message").read_text()


def result(base: Path, name: str) -> Any:
    """A file of the results."""
    return json.loads((base / "processing/output" / name).read_text())


def baseline(base: Path, source: Path, dataset_format: str = CAPTURED) -> dict[str, str]:
    """Make a baseline, and give the variables that name it."""
    assert analysed(base, source, dataset_format)[0] == 0
    folder = base / "processing/output"
    return {
        "baseline_constraints": str(folder / "constraints.json"),
        "baseline_statistics": str(folder / "statistics.json"),
    }
