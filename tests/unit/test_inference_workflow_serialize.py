"""SerializeImageData: what it takes in, and what it refuses."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest

import clients
from contracts import SerializedImage
from events import EventNotUnderstood
from image_bytes import NotAnImage
from image_store import ENDPOINT_LIMIT_BYTES, ImageNotFound, ImageNotReadable, ImageTooLarge, StorageUnavailable
from serialize_image_data.app import lambda_handler, logger
from serialize_image_data.payload import INLINE_LIMIT_BYTES, PAYLOAD_LIMIT_BYTES
from tests.unit.inference_workflow_services import JPEG, Bucket, LambdaContext, from_state, metrics_in, png


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    made = Bucket({"a.png": png(), "b.jpg": JPEG})
    monkeypatch.setattr(clients, "s3", lambda: made)
    yield made


def serialize(event: Any) -> SerializedImage:
    answer = lambda_handler(event, LambdaContext())
    return SerializedImage.model_validate(json.loads(json.dumps(answer)))


def request(key: str, bucket: str = "images") -> dict[str, Any]:
    return {"image_data": "", "s3_bucket": bucket, "s3_key": key}


@pytest.mark.parametrize(
    "event",
    [
        request("a.png"),
        {"body": request("a.png")},
        {"statusCode": 200, "body": json.dumps(request("a.png"))},
        from_state(request("a.png")),
    ],
)
def test_the_bytes_come_back_as_base64_text_in_every_shape_of_event(bucket: Bucket, event: Any) -> None:
    answer = serialize(event)
    assert base64.b64decode(answer.image_data, validate=True) == bucket.objects["a.png"]
    assert (answer.s3_bucket, answer.s3_key, answer.s3_etag) == ("images", "a.png", bucket.etag("a.png"))


def test_a_jpeg_is_an_image_too(bucket: Bucket) -> None:
    assert base64.b64decode(serialize(request("b.jpg")).image_data) == JPEG


@pytest.mark.parametrize("key", ["incoming/ein Rad.png", "incoming/a+b.png", "incoming/vélo 自転車.png", "100%25.png"])
def test_keys_are_taken_literally_but_for_s3s_own_notifications(bucket: Bucket, key: str) -> None:
    bucket.objects[key] = png()
    record = {"s3": {"bucket": {"name": "images"}, "object": {"key": quote_plus(key, safe="/")}}}
    on_event_bridge = {"source": "aws.s3", "detail": {"bucket": {"name": "images"}, "object": {"key": key}}}
    assert [serialize(event).s3_key for event in (request(key), {"Records": [record]}, on_event_bridge)] == [key] * 3


def test_the_threshold_of_the_event_travels_along(bucket: Bucket) -> None:
    assert serialize({**request("a.png"), "threshold": 0.5}).threshold == 0.5
    assert "threshold" not in lambda_handler(request("a.png"), LambdaContext())


def test_the_largest_image_in_the_payload_leaves_room_and_the_next_goes_by_reference(bucket: Bucket) -> None:
    frame = len(png(padding=1)) - 1
    key = "é" * 500 + ".png"
    bucket.objects[key] = png(padding=INLINE_LIMIT_BYTES - frame)
    bucket.objects["over.png"] = png(padding=INLINE_LIMIT_BYTES - frame + 1)
    within = lambda_handler(from_state(request(key)), LambdaContext())
    assert len(base64.b64decode(within["image_data"])) == INLINE_LIMIT_BYTES
    assert len(json.dumps(within)) < PAYLOAD_LIMIT_BYTES - 8 * 1024
    bucket.bytes_read = 0
    over = serialize(request("over.png"))
    assert (over.image_data, over.s3_etag) == ("", bucket.etag("over.png"))
    assert bucket.bytes_read < 100


def test_what_is_measured_and_logged_is_not_the_picture(
    bucket: Bucket, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    serialize(from_state(request("a.png")))
    output = capsys.readouterr().out
    assert metrics_in(output).items() >= {"ImageSize": [float(len(png()))], "ImagesByReference": [0.0]}.items()
    assert base64.b64encode(png()).decode() not in output + log.getvalue()


def test_log_lines_carry_the_execution(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    serialize(from_state(request("a.png"), "arn:aws:states:us-east-1:123456789012:execution:workflow:seven"))
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (line,) = [line for line in lines if line.get("message") == "image read"]
    assert line["correlation_id"].endswith(":seven") and line["s3_key"] == "a.png"


@pytest.mark.parametrize(
    ("key", "data", "error", "said"),
    [
        ("empty.png", b"", NotAnImage, "empty, 0 bytes"),
        ("text.png", b"this is a text file", NotAnImage, r"begins with b'this is '"),
        ("page.jpg", b"<!DOCTYPE html>", NotAnImage, "not a PNG or JPEG"),
        ("gif.png", b"GIF89a" + b"\0" * 30, NotAnImage, "GIF89a"),
        ("cut.png", png()[:20], NotAnImage, "PNG"),
        ("flat.png", png(width=0), NotAnImage, "PNG"),
        ("cut.jpg", b"\xff\xd8\xff", NotAnImage, "JPEG"),
        ("photograph.png", png(padding=20_000_000), ImageTooLarge, f"an endpoint takes {ENDPOINT_LIMIT_BYTES} at most"),
    ],
)
def test_what_is_no_image_is_refused_by_its_bytes(
    bucket: Bucket, key: str, data: bytes, error: type[Exception], said: str
) -> None:
    bucket.objects[key] = data
    with pytest.raises(error, match=said):
        serialize(request(key))
    assert bucket.bytes_read < 100


def test_what_is_not_there_is_said_with_its_address(bucket: Bucket) -> None:
    with pytest.raises(ImageNotFound, match=r"s3://images/nowhere.png: NoSuchKey"):
        serialize(request("nowhere.png"))
    with pytest.raises(ImageNotFound, match=r"s3://elsewhere/a.png: NoSuchBucket"):
        serialize(request("a.png", "elsewhere"))


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDenied", ImageNotReadable), ("InvalidObjectState", ImageNotReadable), ("SlowDown", StorageUnavailable)],
)
def test_what_s3_refuses_has_a_name_to_retry_or_to_fail_by(bucket: Bucket, code: str, error: type[Exception]) -> None:
    bucket.down = code
    with pytest.raises(error, match=code):
        serialize(request("a.png"))


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"s3_bucket": "images"},
        {"s3_bucket": "images", "s3_key": ""},
        {"s3_bucket": "im", "s3_key": "a.png"},
        {"s3_bucket": "images", "s3_key": "a.png", "threshold": 1.5},
        {"Records": []},
        {"Records": [{}]},
        {"Records": [{"s3": {}}, {"s3": {}}]},
        {"detail": {"bucket": "images"}},
    ],
)
def test_events_without_one_image_are_refused(bucket: Bucket, event: Any) -> None:
    with pytest.raises(EventNotUnderstood):
        serialize(event)
