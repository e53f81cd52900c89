"""ClassifyImage: what it sends, what it believes, and how it waits."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

import clients
from classify_image import endpoint as endpoint_module
from classify_image.answer import AnswerNotUnderstood, read_answer
from classify_image.app import lambda_handler
from classify_image.endpoint import (
    ATTEMPTS,
    EndpointThrottled,
    EndpointUnavailable,
    ImageRefused,
    invoke,
    pause_limit,
)
from classify_image.inference_id import inference_id
from events import EventNotUnderstood
from image_bytes import NotAnImage
from image_store import ImageChanged, ImageTooLarge
from settings import SettingInvalid
from tests.unit.inference_workflow_services import (
    JPEG,
    Bucket,
    Endpoint,
    LambdaContext,
    from_state,
    metrics_in,
    png,
    refusal,
)

LARGE = png(padding=300_000)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    made = Bucket({"large.png": LARGE})
    monkeypatch.setattr(clients, "s3", lambda: made)
    yield made


@pytest.fixture
def scones(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> Iterator[Endpoint]:
    made = Endpoint()
    monkeypatch.setattr(clients, "sagemaker_runtime", lambda: made)
    monkeypatch.setenv("ENDPOINT_NAME", "scones")
    yield made


def serialized(data: bytes, **members: Any) -> dict[str, Any]:
    text = base64.b64encode(data).decode()
    return {"image_data": text, "s3_bucket": "images", "s3_key": "a.png", "inferences": [], **members}


def classify(event: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(json.dumps(lambda_handler(event, LambdaContext())))
    return answer


@pytest.mark.parametrize(
    "event",
    [
        serialized(png()),
        {"body": serialized(png())},
        {"statusCode": 200, "body": json.dumps(serialized(png()))},
        from_state(serialized(png())),
        {"image_data": base64.b64encode(png()).decode(), "s3_bucket": "", "s3_key": ""},
    ],
)
def test_the_image_is_sent_and_the_probabilities_come_back(scones: Endpoint, event: Any) -> None:
    answer = classify(event)
    (sent,) = scones.requests
    assert (sent["Body"], sent["ContentType"], sent["Accept"]) == (png(), "image/png", "application/json")
    assert answer["inferences"] == [0.0211, 0.9789]
    assert answer["inference_id"] == sent["InferenceId"]
    assert answer["image_data"] == ""


def test_the_content_type_is_that_of_the_bytes(scones: Endpoint) -> None:
    classify(serialized(JPEG, s3_key="named.png"))
    assert scones.requests[0]["ContentType"] == "image/jpeg"


def test_the_inference_id_is_that_of_the_execution_and_image(scones: Endpoint) -> None:
    for execution in ("arn:one", "arn:one", "arn:two"):
        classify(from_state(serialized(png()), execution))
    first, again, other = (sent["InferenceId"] for sent in scones.requests)
    assert first == again != other
    assert inference_id("arn:one", "images", "b.png") not in (first, other)
    assert len(first) <= 64


def test_an_image_by_reference_is_read_where_it_is(scones: Endpoint, bucket: Bucket) -> None:
    classify({"image_data": "", "s3_bucket": "images", "s3_key": "large.png", "s3_etag": bucket.etag("large.png")})
    assert scones.requests[0]["Body"] == LARGE


def test_an_image_that_was_replaced_on_the_way_is_not_classified(scones: Endpoint, bucket: Bucket) -> None:
    seen = bucket.etag("large.png")
    bucket.objects["large.png"] = png(padding=300_001)
    with pytest.raises(ImageChanged, match=r"s3://images/large.png"):
        classify({"s3_bucket": "images", "s3_key": "large.png", "s3_etag": seen})
    assert scones.requests == []


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"image_data": "b'iVBORw0KGgo='"}, EventNotUnderstood),
        ({"image_data": "not base64"}, EventNotUnderstood),
        ({"image_data": ""}, EventNotUnderstood),
        (serialized(b"a text"), NotAnImage),
        (serialized(png(padding=6 * 1024 * 1024)), ImageTooLarge),
    ],
)
def test_what_is_no_image_is_not_sent(scones: Endpoint, event: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        classify(event)
    assert scones.requests == []


def test_the_request_is_one_that_the_service_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = boto3.client(
        "sagemaker-runtime", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    body = StreamingBody(io.BytesIO(b"[0.5, 0.5]"), 10)
    expected = {
        "EndpointName": "scones",
        "Body": png(),
        "ContentType": "image/png",
        "Accept": "application/json",
        "InferenceId": inference_id("arn", "images", "a.png"),
    }
    with Stubber(runtime) as stubber:
        stubber.add_response("invoke_endpoint", {"Body": body, "ContentType": "application/json"}, expected)
        reply = invoke(runtime, "scones", png(), "image/png", expected["InferenceId"])
    assert reply.body == b"[0.5, 0.5]"


def test_a_throttled_endpoint_is_asked_again_after_pauses_with_full_jitter() -> None:
    scones, drawn, slept = Endpoint(throttled=ATTEMPTS - 1), [], []

    def jitter(low: float, high: float) -> float:
        drawn.append((low, high))
        return high / 2

    reply = invoke(scones, "scones", png(), "image/png", "id", sleep=slept.append, jitter=jitter)
    assert reply.attempts == ATTEMPTS
    assert drawn == [(0.0, 0.2), (0.0, 0.4), (0.0, 0.8)]
    assert slept == [0.1, 0.2, 0.4]
    assert pause_limit(20) == 2.0


def test_an_endpoint_that_stays_throttled_is_given_up() -> None:
    scones, slept = Endpoint(throttled=1000), []
    with pytest.raises(EndpointThrottled, match="endpoint scones: ThrottlingException: Rate exceeded"):
        invoke(scones, "scones", png(), "image/png", "id", sleep=slept.append)
    assert (len(scones.requests), len(slept)) == (ATTEMPTS, ATTEMPTS - 1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), EndpointUnavailable),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), EndpointUnavailable),
        (refusal("InvokeEndpoint", "ServiceUnavailable", 503), EndpointUnavailable),
        (refusal("InvokeEndpoint", "ModelNotReadyException", 429), EndpointThrottled),
        (refusal("InvokeEndpoint", "ModelError", 424, OriginalStatusCode=500), EndpointUnavailable),
        (refusal("InvokeEndpoint", "ModelError", 424, OriginalStatusCode=503), EndpointUnavailable),
        (refusal("InvokeEndpoint", "ModelError", 424, OriginalStatusCode=400, OriginalMessage="cut"), ImageRefused),
        (refusal("InvokeEndpoint", "AccessDeniedException", 403), EndpointUnavailable),
    ],
)
def test_every_refusal_of_the_endpoint_has_a_name(fault: Exception, error: type[Exception]) -> None:
    with pytest.raises(error):
        invoke(Endpoint(fault=fault), "scones", png(), "image/png", "id", sleep=lambda seconds: None)


def test_an_endpoint_that_is_not_there_is_unavailable_at_once(
    scones: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDPOINT_NAME", "gone")
    with pytest.raises(EndpointUnavailable, match="Endpoint gone of account 123456789012 not found"):
        classify(serialized(png()))
    assert len(scones.requests) == 1


def test_the_endpoint_has_to_be_named(scones: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENDPOINT_NAME", " ")
    with pytest.raises(SettingInvalid, match="ENDPOINT_NAME is not set"):
        classify(serialized(png()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"oops",
        b"null",
        b"{}",
        b'{"prediction": [0.5, 0.5]}',
        b"[0.5]",
        b"[0.2, 0.3, 0.5]",
        b"[[0.5, 0.5]]",
        b'["0.5", "0.5"]',
        b"[true, false]",
        b"[NaN, NaN]",
        b"[Infinity, 0]",
        b"[-0.5, 1.5]",
        b"[0.5, 0.2]",
        b"\xff\xfe",
        b"<html>" + b"x" * 10_000,
    ],
)
def test_nonsense_is_not_believed(scones: Endpoint, body: bytes) -> None:
    scones.answer = body
    with pytest.raises(AnswerNotUnderstood, match=r"expected \[p_bicycle, p_motorcycle\]") as caught:
        classify(serialized(png()))
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("body", [b"[0.9388, 0.0611]", b"[1.0000001, 0.0]", b"[1, 0]", b" [0.5, 0.5]\n"])
def test_probabilities_may_be_rounded(body: bytes) -> None:
    assert all(0.0 <= value <= 1.0 for value in read_answer(body))


def test_what_is_measured(
    scones: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scones.throttled = 1
    monkeypatch.setattr(endpoint_module, "FIRST_PAUSE_SECONDS", 0.0)
    classify(from_state(serialized(png())))
    found = metrics_in(capsys.readouterr().out)
    assert found["ThrottledAttempts"] == [1.0] and found["EndpointLatency"][0] >= 0
