"""The AWS JSON 1.1 protocol in front of the API: HTTP in, HTTP out.

A request names its operation in the header `X-Amz-Target: SageMaker.CreateModel` and carries JSON;
timestamps travel as seconds since 1970, in a request also as ISO 8601 text.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp

from local_aws.sagemaker.control_plane import ControlPlane
from local_aws.sagemaker.errors import InternalFailure, ServiceError, UnsupportedOperation
from local_aws.sagemaker.validation import SerializationException, input_shape

LOGGER = logging.getLogger(__name__)

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET_PREFIX = "SageMaker."
STATUS_LINES = {200: "200 OK", 400: "400 Bad Request", 500: "500 Internal Server Error"}

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class JsonApi:
    """A WSGI application that answers every request with JSON, errors in the service's form."""

    def __init__(
        self,
        service: str,
        target_prefix: str,
        input_shape: Callable[[str], StructureShape],
        call: Callable[[str, dict[str, Any]], dict[str, Any]],
    ) -> None:
        """`service` is its name for people, `target_prefix` what stands before an operation in X-Amz-Target."""
        self._service = service
        self._target_prefix = target_prefix
        self._input_shape = input_shape
        self._call = call

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request_id = str(uuid.uuid4())
        try:
            status, answer = 200, self._answer(environ)
        except ServiceError as error:
            status, answer = error.http_status, {"__type": error.code, "message": error.message}
        except Exception:
            LOGGER.exception("request %s (%s) failed", request_id, environ.get("HTTP_X_AMZ_TARGET"))
            status = InternalFailure.http_status
            answer = {"__type": InternalFailure.code, "message": f"Internal failure; request {request_id}."}
        body = json.dumps(answer, separators=(",", ":")).encode()
        headers = [
            ("Content-Type", CONTENT_TYPE),
            ("Content-Length", str(len(body))),
            ("x-amzn-RequestId", request_id),
        ]
        start_response(STATUS_LINES[status], headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> dict[str, Any]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if not target.startswith(self._target_prefix):
            raise UnsupportedOperation(f"The header X-Amz-Target names no operation of {self._service}: {target!r}.")
        operation = target[len(self._target_prefix) :]
        request = from_json(self._input_shape(operation), _read_body(environ))
        answer: dict[str, Any] = to_json(self._call(operation, request))
        return answer


class SageMakerApi(JsonApi):
    """The API of SageMaker."""

    def __init__(self, control_plane: ControlPlane) -> None:
        super().__init__("SageMaker", TARGET_PREFIX, input_shape, control_plane.call)


def from_json(shape: Shape, value: Any) -> Any:
    """Parsed JSON as boto3 would take it: timestamps become aware datetimes, null members vanish.

    Values of the wrong type are left as they are, for the validation to name. Raises SerializationException
    for a timestamp that cannot be read.
    """
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        present = {name: member for name, member in value.items() if member is not None}
        return {
            name: from_json(shape.members[name], member) if name in shape.members else member
            for name, member in present.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [from_json(shape.member, element) for element in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: from_json(shape.value, element) for key, element in value.items()}
    if shape.type_name == "timestamp" and value is not None:
        return _moment(value)
    return value


def to_json(value: Any) -> Any:
    """A response as JSON: datetimes become seconds since 1970, to the millisecond; None members vanish."""
    if isinstance(value, dict):
        return {key: to_json(member) for key, member in value.items() if member is not None}
    if isinstance(value, (list, tuple)):
        return [to_json(element) for element in value]
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    return value


def _read_body(environ: dict[str, Any]) -> dict[str, Any]:
    text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        request = json.loads(text or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SerializationException(f"The body of the request is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise SerializationException("The body of the request is not a JSON object.")
    return request


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _moment(value: Any) -> datetime:
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError("neither a number nor text")
        moment = parse_timestamp(value)
    except (ValueError, TypeError, OverflowError, OSError, RuntimeError) as error:
        raise SerializationException(f"{value!r} can not be converted to a Timestamp.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
