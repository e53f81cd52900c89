"""`scones monitor report` against the running local AWS: its S3, its SageMaker's own refusals."""

from __future__ import annotations

import base64
import io
import json
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image
from typer.testing import CliRunner, Result

from pipelines.cli.application import app
from pipelines.live_endpoint import EndpointMissing
from pipelines.session import Target, open_target

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)


@pytest.fixture
def target(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Target:
    made = open_target("local", endpoint_url=local_aws.url, environ={})
    try:
        made.client("s3").create_bucket(Bucket=made.bucket)
    except ClientError as error:
        assert "BucketAlready" in error.response["Error"]["Code"]
    monkeypatch.setenv("SCONES_LOCAL_ENDPOINT", local_aws.url)
    return made


def scones(*arguments: str) -> Result:
    window = ("--since", "2026-03-04T11:30", "--until", "2026-03-04T13:30")
    return CliRunner().invoke(app, ["monitor", "report", *window, *arguments])


def line(moment: datetime, grey: int) -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (32, 32), (grey, grey, grey)).save(picture, "PNG")
    sides = {
        "endpointInput": {"encoding": "BASE64", "data": base64.b64encode(picture.getvalue()).decode()},
        "endpointOutput": {"encoding": "JSON", "data": "[0.2, 0.8]"},
    }
    metadata = {"eventId": str(uuid.uuid4()), "inferenceTime": moment.isoformat()}
    return json.dumps({"captureData": sides, "eventMetadata": metadata}).encode() + b"\n"


def test_a_page_of_what_an_endpoint_captured_before_it_was_deleted(target: Target, tmp_path: Path) -> None:
    s3, endpoint = target.client("s3"), f"gone-{uuid.uuid4().hex[:8]}"
    captured = f"scones/data-capture/{endpoint}/AllTraffic"
    # of files around a window some records are outside, and whole files
    for number in range(6):
        moment = NOON + timedelta(minutes=30 * (number - 2))
        body = line(moment, 40 * number) + line(moment + timedelta(minutes=1), 40 * number + 9) + b"half a li"
        s3.put_object(Bucket=target.bucket, Key=f"{captured}/{moment:%Y/%m/%d/%H/%M-%S}-000-x.jsonl", Body=body)
    violation = {
        "feature_name": "brightness",
        "constraint_check_type": "baseline_drift_check",
        "description": "Baseline drift distance: 0.42 exceeds threshold: 0.1",
    }
    reports = f"scones/monitoring/reports/{endpoint}/{endpoint}-data-quality-now/2026/03/04/12/40"
    for name, document in {
        "statistics": {"version": 0.0, "dataset": {"item_count": 8}, "features": []},
        "constraint_violations": {"violations": [violation]},
    }.items():
        s3.put_object(Bucket=target.bucket, Key=f"{reports}/{name}.json", Body=json.dumps(document).encode())

    page = tmp_path / "report.html"
    done = scones("--endpoint", endpoint, "--output", str(page), "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    # 11:30, 12:00, 12:30 and 13:00, two each
    assert (figures["records"], figures["below_threshold"]) == (8, 8)
    assert figures["damaged_lines"]["unfinished"] >= 4
    assert [run["status"] for run in figures["executions"]] == ["CompletedWithViolations"]
    assert figures["data_quality"]["findings"][0]["name"] == "brightness"
    assert [gap["missing"] for gap in figures["missing"]] == [
        f"There is no endpoint {endpoint}.",
        f"Nothing watches endpoint {endpoint} yet.",
        "There is no baseline to compare with.",
    ]
    assert page.read_text(encoding="utf-8").count("data:image/png;base64,") == 8


def test_an_endpoint_of_which_nothing_is_known_has_no_page(target: Target, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = scones("--endpoint", f"never-{uuid.uuid4().hex[:8]}", "--output", str(page))
    assert isinstance(done.exception, EndpointMissing)
    assert not page.exists()
