"""Pictures given to the workflow: found, put where it reads them, executed by a player, and what is made of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipelines.pictures import PictureMissing
from pipelines.workflow.bulk import classify_prefix, read_bulk_outcome, stage_all
from pipelines.workflow.classification import classify_all, find, read_outcome
from pipelines.workflow.stack import Workflow

BEGAN = datetime(2030, 1, 1, tzinfo=timezone.utc)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:workflow"
WORKFLOW = Workflow("stack", MACHINE, f"{MACHINE}-bulk", "images", "https://queue", "endpoint")
DOUBT = {"message": "0.61 is below 0.93", "label": "bicycle", "confidence": 0.61, "threshold": 0.93}


class States:
    """Executions whose end is written in the picture; each is looked at once before it ends."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.given: dict[str, dict[str, Any]] = {}
        self.looks: dict[str, int] = {}
        self.lock = threading.Lock()

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        arn = f"{stateMachineArn.replace('stateMachine', 'execution')}:{name}"
        with self.lock:
            assert arn not in self.given, "a name twice"
            self.given[arn] = json.loads(input)
        return {"executionArn": arn}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        with self.lock:
            self.looks[executionArn] = self.looks.get(executionArn, 0) + 1
        if self.looks[executionArn] == 1:
            return {"status": "RUNNING"}
        given = self.given[executionArn]
        ended = {"executionArn": executionArn, "startDate": BEGAN, "stopDate": BEGAN + timedelta(milliseconds=80)}
        if "s3_prefix" in given:
            listed = self.s3.list_objects_v2(Bucket=given["s3_bucket"], Prefix=given["s3_prefix"])
            counts = {"images": listed["KeyCount"], "assigned": {"nearby": listed["KeyCount"], "farther": 0}}
            rest = {"review": 0, "skipped": 0, "not_run": 0, "failed": {}, "summary": "s3://images/summary.json"}
            return {**ended, "status": "SUCCEEDED", "output": json.dumps({**counts, **rest})}
        body = self.s3.get_object(Bucket=given["s3_bucket"], Key=given["s3_key"])["Body"].read().decode()
        if body == "doubt":
            return {**ended, "status": "FAILED", "error": "ThresholdNotMet", "cause": json.dumps(DOUBT)}
        output = {"label": body, "confidence": 0.97, "assignment": "nearby", "s3_key": given["s3_key"]}
        return {**ended, "status": "SUCCEEDED", "output": json.dumps(output)}


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        for bucket in ("images", "elsewhere"):
            client.create_bucket(Bucket=bucket)
        yield client


@pytest.fixture
def states(s3: Any) -> States:
    return States(s3)


def clients(s3: Any, states: States) -> Any:
    return {"s3": s3, "stepfunctions": states}.__getitem__


def file(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def keys(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="images").get("Contents", [])]


def test_files_folders_objects_and_prefixes_are_found(s3, tmp_path):
    one = file(tmp_path / "one.png", "x")
    file(tmp_path / "folder" / "b.jpg", "x")
    file(tmp_path / "folder" / "deeper" / "a.PNG", "x")
    for key in ("some/", "some/b ü+.png", "some/a.png", "other.png"):
        s3.put_object(Bucket="elsewhere", Key=key)
    places = [str(one), str(tmp_path / "folder"), "s3://elsewhere/other.png", "s3://elsewhere/some/"]
    found = [picture.name.removeprefix(f"{tmp_path}/") for picture in find(s3, places)]
    assert found[:3] == ["one.png", "folder/b.jpg", "folder/deeper/a.PNG"]
    assert found[3:] == ["s3://elsewhere/other.png", "s3://elsewhere/some/a.png", "s3://elsewhere/some/b ü+.png"]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("no/such.png", "no such file or folder"),
        ("s3://elsewhere/absent.png", "no such object or bucket"),
        ("s3://elsewhere/absent/", "no object below this prefix"),
        ("s3://nowhere/", "no such object or bucket"),
        ("s3://nowhere/a.png", "no such object or bucket"),
    ],
)
def test_places_without_pictures_are_told(s3, place, told):
    with pytest.raises(PictureMissing, match=told) as caught:
        find(s3, [place])
    assert str(caught.value).startswith(place)


def test_every_picture_has_an_execution_of_its_own_and_outcomes_keep_the_order(s3, states, tmp_path):
    for number in range(20):
        file(tmp_path / f"{number:02}.png", "doubt" if number % 5 == 0 else "bicycle")
    slept: list[float] = []
    seen: list[tuple[int, int]] = []
    outcomes = list(
        classify_all(
            clients(s3, states),
            WORKFLOW,
            find(s3, [str(tmp_path)]),
            0.8,
            lambda *counts: seen.append(counts),
            sleep=slept.append,
        )
    )
    assert [Path(outcome.picture).name for outcome in outcomes] == [f"{number:02}.png" for number in range(20)]
    assert [outcome.low_confidence for outcome in outcomes] == [number % 5 == 0 for number in range(20)]
    assert {given["threshold"] for given in states.given.values()} == {0.8}
    assert seen[-1] == (20, 20)
    assert len(slept) == 20
    assert all(key.startswith("classify/") for key in keys(s3))


def test_files_of_the_same_name_do_not_overwrite_each_other(s3, states, tmp_path):
    file(tmp_path / "a" / "x.png", "bicycle")
    file(tmp_path / "b" / "x.png", "motorcycle")
    found = find(s3, [str(tmp_path / "a"), str(tmp_path / "b")])
    outcomes = classify_all(clients(s3, states), WORKFLOW, found, sleep=lambda seconds: None)
    assert [outcome.label for outcome in outcomes] == ["bicycle", "motorcycle"]


def test_objects_of_the_workflows_bucket_are_read_where_they_are_and_others_copied(s3, states):
    s3.put_object(Bucket="images", Key="mine/ü +.png", Body=b"bicycle")
    s3.put_object(Bucket="elsewhere", Key="theirs/ü +.png", Body=b"motorcycle")
    found = find(s3, ["s3://images/mine/", "s3://elsewhere/theirs/ü +.png"])
    outcomes = list(classify_all(clients(s3, states), WORKFLOW, found, sleep=lambda seconds: None))
    assert [outcome.label for outcome in outcomes] == ["bicycle", "motorcycle"]
    read = [given["s3_key"] for given in states.given.values()]
    assert "mine/ü +.png" in read
    assert any(key.startswith("classify/") and key.endswith("/ü +.png") for key in read)


def ended(**members: Any) -> dict[str, Any]:
    return {"executionArn": "arn", "startDate": BEGAN, "stopDate": BEGAN + timedelta(seconds=1.5), **members}


def test_a_doubt_carries_label_and_confidence():
    outcome = read_outcome("p", ended(status="FAILED", error="ThresholdNotMet", cause=json.dumps(DOUBT)))
    assert outcome.low_confidence
    assert (outcome.label, outcome.confidence, outcome.cause) == ("bicycle", 0.61, "0.61 is below 0.93")
    assert outcome.milliseconds == 1500.0


@pytest.mark.parametrize(
    ("execution", "error", "cause"),
    [
        (
            {"error": "NotAnImage", "cause": '{"errorMessage": "empty", "errorType": "NotAnImage"}'},
            "NotAnImage",
            "empty",
        ),
        ({"error": "States.Timeout"}, "States.Timeout", ""),
        ({"error": "ThresholdNotMet", "cause": "no JSON"}, "ThresholdNotMet", "no JSON"),
        ({"error": "X", "cause": "[1]"}, "X", "[1]"),
        ({}, "FAILED", ""),
    ],
)
def test_other_failures_are_told_in_words(execution, error, cause):
    outcome = read_outcome("p", ended(status="FAILED", **execution))
    assert (outcome.error, outcome.cause, outcome.label) == (error, cause, None)


def test_in_bulk_all_pictures_go_below_one_prefix(s3, states, tmp_path):
    for number in range(30):
        file(tmp_path / f"{number}.png", "bicycle")
    prefix = stage_all(clients(s3, states), WORKFLOW, find(s3, [str(tmp_path)]))
    assert len(keys(s3)) == 30 and all(key.startswith(prefix) for key in keys(s3))
    outcome = classify_prefix(states, WORKFLOW, prefix, sleep=lambda seconds: None)
    assert (outcome.images, outcome.nearby, outcome.failed, outcome.error) == (30, 30, {}, None)


def test_a_bulk_execution_that_failed_says_why():
    outcome = read_bulk_outcome(
        ended(status="FAILED", error="States.ExceedToleratedFailureThreshold", cause="too many")
    )
    assert (outcome.error, outcome.cause, outcome.images) == (
        "States.ExceedToleratedFailureThreshold",
        "too many",
        0,
    )
