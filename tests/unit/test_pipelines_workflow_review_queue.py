"""The review queue, over moto's SQS and S3: looking leaves it as it was, answering keeps a record and removes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from pipelines.workflow import review_queue as module
from pipelines.workflow.review_queue import (
    GroundTruth,
    ReviewMissing,
    ReviewQueue,
    ReviewRefused,
    fetch_picture,
    record,
)

NOW = datetime(2030, 1, 2, 3, 59, 59, tzinfo=timezone.utc)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0)
    with mock_aws():
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        s3, sqs = boto3.client("s3", "us-east-1", **keys), boto3.client("sqs", "us-east-1", **keys)
        for bucket in ("truth", "images"):
            s3.create_bucket(Bucket=bucket)
        yield s3, sqs


@pytest.fixture
def queue(services: Any) -> ReviewQueue:
    _, sqs = services
    return ReviewQueue(sqs, sqs.create_queue(QueueName="review")["QueueUrl"])


@pytest.fixture
def truth(services: Any) -> GroundTruth:
    return GroundTruth(services[0], "truth", "labels/endpoint")


def ask(queue: ReviewQueue, inference_id: str | None = None, **changed: Any) -> str:
    named = inference_id or str(uuid.uuid4())
    body = {
        "s3_bucket": "images",
        "s3_key": "incoming/ü.png",
        "inference_id": named,
        "execution": "arn:execution",
        "doubt": {"label": "bicycle", "confidence": 0.61, "threshold": 0.93, "message": "not sure"},
        **changed,
    }
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody=json.dumps(body))
    return named


def stored(s3: Any) -> dict[str, Any]:
    listed = s3.list_objects_v2(Bucket="truth").get("Contents", [])
    return {item["Key"]: s3.get_object(Bucket="truth", Key=item["Key"]) for item in listed}


def test_looking_twice_shows_the_same(queue):
    asked = {ask(queue) for _ in range(25)}
    for _ in range(2):
        seen = queue.waiting(50)
        assert {review.id for review in seen} == asked
        assert (seen[0].label, seen[0].confidence, seen[0].threshold) == ("bicycle", 0.61, 0.93)
    assert len(queue.waiting(7)) == 7
    assert len(queue.waiting(50)) == 25


def test_an_answer_is_kept_in_model_monitors_form_and_leaves_the_queue(queue, truth, services):
    asked = [ask(queue) for _ in range(12)]
    uri = queue.resolve(asked[5][:8], "motorcycle", truth, "arn:aws:iam::1:user/ü", NOW)
    assert uri == f"s3://truth/labels/endpoint/2030/01/02/03/{asked[5]}.jsonl"
    ((_, kept),) = stored(services[0]).items()
    (line,) = kept["Body"].read().decode().splitlines()
    assert json.loads(line) == {
        "groundTruthData": {"data": "1", "encoding": "CSV"},
        "eventMetadata": {"eventId": asked[5]},
        "eventVersion": "0",
    }
    assert kept["Metadata"] == {
        "label": "motorcycle",
        "image": "s3://images/incoming/%C3%BC.png",
        "reviewer": "arn:aws:iam::1:user/%C3%BC",
    }
    assert {review.id for review in queue.waiting(50)} == set(asked) - {asked[5]}


def test_the_hour_is_that_of_utc(queue, truth):
    asked = ask(queue)
    late = NOW.astimezone(timezone(timedelta(hours=-9)))
    assert "/2030/01/02/03/" in queue.resolve(asked, "bicycle", truth, "me", late)


def test_data_is_the_labels_place_in_the_models_answer():
    assert record("x", "bicycle")["groundTruthData"]["data"] == "0"


def test_a_label_that_is_none_and_an_id_that_is_unknown_or_unclear_change_nothing(queue, truth, services):
    for asked in ("aa-1", "aa-2"):
        ask(queue, asked)
    with pytest.raises(ReviewRefused, match="'car' is no label: bicycle, motorcycle are"):
        queue.resolve("aa-1", "car", truth, "me", NOW)
    with pytest.raises(ReviewMissing, match="no picture b waits"):
        queue.resolve("b", "bicycle", truth, "me", NOW)
    with pytest.raises(ReviewMissing, match="2 pictures begin with aa"):
        queue.resolve("aa", "bicycle", truth, "me", NOW)
    assert {review.id for review in queue.waiting(9)} == {"aa-1", "aa-2"}
    assert not stored(services[0])


def test_where_the_answer_cannot_be_kept_the_picture_stays(queue, services):
    asked = ask(queue)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        queue.resolve(asked, "bicycle", GroundTruth(services[0], "absent", "x"), "me", NOW)
    assert [review.id for review in queue.waiting(9)] == [asked]


def test_a_picture_that_waits_twice_is_found_by_its_id(queue, truth):
    asked = ask(queue, "same-id")
    ask(queue, asked)
    for _ in range(2):
        queue.resolve(asked, "bicycle", truth, "me", NOW)
    assert queue.waiting(9) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("no JSON", "Expecting value"),
        ("[]", "list indices"),
        ('{"doubt": {}}', "no 'inference_id'"),
        ('{"doubt": {}, "inference_id": ""}', "no inference_id"),
    ],
)
def test_a_message_of_somebody_else_is_shown_and_can_only_be_discarded(queue, truth, services, body, told):
    message_id = queue.sqs.send_message(QueueUrl=queue.url, MessageBody=body)["MessageId"]
    (review,) = queue.waiting(9)
    assert review.id == message_id
    assert told in (review.problem or "")
    with pytest.raises(ReviewRefused, match="cannot be resolved"):
        queue.resolve(message_id, "bicycle", truth, "me", NOW)
    queue.remove(queue.take(message_id))
    assert queue.waiting(9) == []
    assert not stored(services[0])


def test_a_picture_is_fetched_whole_or_not_at_all(queue, services, tmp_path):
    ask(queue)
    (review,) = queue.waiting(9)
    with pytest.raises(ReviewRefused, match="is there no more"):
        fetch_picture(services[0], review, tmp_path / "out.png")
    assert list(tmp_path.iterdir()) == []
    services[0].put_object(Bucket="images", Key="incoming/ü.png", Body=b"picture")
    fetch_picture(services[0], review, tmp_path / "out.png")
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    assert (tmp_path / "out.png").read_bytes() == b"picture"
