"""The shapes in which events arrive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts import ClassifiedImage, SerializedImage
from events import EventNotUnderstood, execution_of, read, unwrap

MEMBERS = {"s3_bucket": "images", "s3_key": "a.png"}


@pytest.mark.parametrize(
    "event",
    [
        MEMBERS,
        {"body": MEMBERS},
        {"statusCode": 200, "body": json.dumps(MEMBERS)},
        {"execution": {"id": "arn"}, "body": {"statusCode": 200, "body": json.dumps(MEMBERS)}},
        json.dumps(MEMBERS),
    ],
)
def test_an_event_is_taken_out_of_its_wrapping(event: Any) -> None:
    assert unwrap(event) == MEMBERS


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ([1], "expected an object with members, got list"),
        (None, "got NoneType"),
        ({"body": "not json"}, "body: not JSON"),
        ({"body": {"body": {"body": {"body": MEMBERS}}}}, "wrapped more than 3 times"),
    ],
)
def test_what_is_no_event_is_refused_by_name(event: Any, said: str) -> None:
    with pytest.raises(EventNotUnderstood, match=said):
        unwrap(event)


def test_every_problem_of_an_event_is_named_with_its_place() -> None:
    with pytest.raises(EventNotUnderstood) as caught:
        read({"inferences": [0.5], "threshold": "high"}, ClassifiedImage)
    assert "inferences" in str(caught.value) and "threshold" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_image_has_to_be_somewhere() -> None:
    with pytest.raises(EventNotUnderstood, match="neither image_data nor an s3_bucket and s3_key"):
        read({"image_data": "", "s3_bucket": "images"}, SerializedImage)


def test_the_execution_is_known_when_the_state_machine_names_it() -> None:
    assert execution_of({"execution": {"id": "arn:1", "name": "1"}, "body": {}}).id == "arn:1"
    assert execution_of(MEMBERS).id == ""
