"""SummarizeBulk: every image of a prefix accounted for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import clients
from contracts import BulkSummary
from image_store import StorageUnavailable
from summarize_bulk.app import lambda_handler
from summarize_bulk.summary import ResultsNotUnderstood
from tests.unit.inference_workflow_services import Bucket, LambdaContext, from_state

MAP_RUN = "arn:aws:states:us-east-1:123456789012:mapRun:bulk/ClassifyEach:ad9b5f27"
FOLDER = "results/run/ad9b5f27"


def succeeded(assignment: str) -> dict[str, Any]:
    return {"Name": "x", "Status": "SUCCEEDED", "Input": "{}", "Output": json.dumps({"assignment": assignment})}


def failed(error: str) -> dict[str, Any]:
    return {"Name": "x", "Status": "FAILED", "Input": "{}", "Error": error, "Cause": "why"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    made = Bucket()
    monkeypatch.setattr(clients, "s3", lambda: made)
    yield made


def write_results(bucket: Bucket, **files: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """What the Distributed Map writes, and what it answers."""
    listed: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for status, contents in files.items():
        for number, records in enumerate(contents):
            key = f"{FOLDER}/{status}_{number}.json"
            bucket.objects[key] = json.dumps(records).encode()
            listed[status].append({"Key": key, "Size": len(bucket.objects[key])})
    manifest = {"DestinationBucket": "images", "MapRunArn": MAP_RUN, "ResultFiles": listed}
    bucket.objects[f"{FOLDER}/manifest.json"] = json.dumps(manifest).encode()
    details = {"Bucket": "images", "Key": f"{FOLDER}/manifest.json"}
    return {"MapRunArn": MAP_RUN, "ResultWriterDetails": details}


def test_every_image_is_counted_by_what_became_of_it(bucket: Bucket) -> None:
    event = write_results(
        bucket,
        SUCCEEDED=[[succeeded("nearby")] * 3 + [succeeded("review")], [succeeded("farther")] * 2 + [succeeded("none")]],
        FAILED=[[failed("NotAnImage"), failed("NotAnImage"), failed("EndpointUnavailable")]],
        PENDING=[[{"Name": "x", "Status": "PENDING", "Input": "{}"}]],
    )
    summary = BulkSummary.model_validate(lambda_handler(from_state(event), LambdaContext()))
    assert (summary.images, summary.assigned) == (11, {"nearby": 3, "farther": 2})
    assert (summary.review, summary.skipped, summary.not_run) == (1, 1, 1)
    assert summary.failed == {"NotAnImage": 2, "EndpointUnavailable": 1}
    assert summary.summary == f"s3://images/{FOLDER}/summary.json"
    assert BulkSummary.model_validate_json(bucket.objects[f"{FOLDER}/summary.json"]) == summary


def test_an_empty_prefix_is_a_summary_of_nothing(bucket: Bucket) -> None:
    summary = lambda_handler(write_results(bucket), LambdaContext())
    assert (summary["images"], summary["assigned"]) == (0, {"nearby": 0, "farther": 0})


@pytest.mark.parametrize("output", ["", "[]", "{}", "null"])
def test_a_result_that_is_no_assignment_is_refused_and_nothing_is_written(bucket: Bucket, output: str) -> None:
    event = write_results(bucket, SUCCEEDED=[[{"Status": "SUCCEEDED", "Output": output}]])
    with pytest.raises(ResultsNotUnderstood, match="without an assignment"):
        lambda_handler(event, LambdaContext())
    assert f"{FOLDER}/summary.json" not in bucket.objects


def test_a_manifest_that_is_none_is_refused(bucket: Bucket) -> None:
    event = write_results(bucket)
    for content, said in ((b"{}", "no ResultFiles"), (b"[]", "no ResultFiles"), (b"{", "not JSON")):
        bucket.objects[f"{FOLDER}/manifest.json"] = content
        with pytest.raises(ResultsNotUnderstood, match=said):
            lambda_handler(event, LambdaContext())


def test_results_that_cannot_be_read_now_are_worth_another_attempt(bucket: Bucket) -> None:
    event = write_results(bucket)
    bucket.down = "SlowDown"
    with pytest.raises(StorageUnavailable, match="SlowDown"):
        lambda_handler(event, LambdaContext())
