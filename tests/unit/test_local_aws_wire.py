"""The protocol in front of the API, without a server."""

from __future__ import annotations

import io
import json
import logging
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from local_aws.sagemaker.errors import ConflictException
from local_aws.sagemaker.validation import input_shape
from local_aws.sagemaker.wire import SageMakerApi, from_json, to_json


class Plane:
    """In the place of the control plane: answers with what it is given, or raises it."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((operation, request))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def send(plane: Plane, target: str | None, body: Any) -> tuple[str, dict[str, str], Any]:
    sent = json.dumps(body).encode()
    environ: dict[str, Any] = {"wsgi.input": io.BytesIO(sent), "CONTENT_LENGTH": str(len(sent))}
    if target is not None:
        environ["HTTP_X_AMZ_TARGET"] = target
    seen: list[Any] = []
    content = b"".join(SageMakerApi(plane)(environ, lambda *start: seen.extend(start)))  # type: ignore[arg-type]
    status, headers = seen
    assert dict(headers)["Content-Length"] == str(len(content))
    return status, dict(headers), json.loads(content)


def test_a_response_carries_milliseconds_and_no_empty_members() -> None:
    moment = datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=timezone.utc)
    plane = Plane({"CreationTime": moment, "Gone": None, "List": [{"At": moment, "Gone": None}]})
    status, headers, answer = send(plane, "SageMaker.ListModels", {})
    assert status == "200 OK"
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert answer == {"CreationTime": 1767225600.123, "List": [{"At": 1767225600.123}]}


def test_a_request_reaches_the_operation_with_datetimes_and_without_nulls() -> None:
    plane = Plane({})
    send(plane, "SageMaker.ListModels", {"CreationTimeAfter": 0.5, "NameContains": None})
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=0.5)
    assert plane.calls == [("ListModels", {"CreationTimeAfter": moment})]


def test_an_error_of_the_service_keeps_its_code_and_words() -> None:
    status, _, answer = send(Plane(ConflictException("Two at once.")), "SageMaker.ListModels", {})
    assert status == "400 Bad Request"
    assert answer == {"__type": "ConflictException", "message": "Two at once."}


def test_a_fault_is_logged_with_its_traceback_and_shows_nothing_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        status, headers, answer = send(Plane(KeyError("secret-name")), "SageMaker.ListModels", {})
    assert status == "500 Internal Server Error"
    assert answer["__type"] == "InternalFailure"
    assert "secret-name" not in json.dumps(answer)
    assert "secret-name" in caplog.text
    assert "Traceback" in caplog.text
    assert headers["x-amzn-RequestId"] in caplog.text
    assert headers["x-amzn-RequestId"] in answer["message"]


@pytest.mark.parametrize("target", [None, "", "DynamoDB_20120810.ListTables", "SageMaker."])
def test_a_request_for_no_operation_of_sagemaker_is_refused(target: str | None) -> None:
    status, _, answer = send(Plane({}), target, {})
    assert (status, answer["__type"]) == ("400 Bad Request", "UnknownOperationException")


def test_what_is_written_can_be_read_back() -> None:
    moment = datetime(2026, 5, 6, 7, 8, 9, 10000, tzinfo=timezone.utc)
    request = {"CreationTimeAfter": moment, "MaxResults": 3}
    assert from_json(input_shape("ListModels"), to_json(request)) == request


def test_values_of_the_wrong_type_are_left_for_the_validation() -> None:
    shape = input_shape("AddTags")
    assert from_json(shape, {"Tags": {"Key": 1}, "Other": [None]}) == {"Tags": {"Key": 1}, "Other": [None]}
