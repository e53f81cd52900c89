"""The query protocol in front of the API: a form in, XML out, parsed and written by moto's own core."""

from __future__ import annotations

import functools
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.validate import ParamValidator
from moto.core.model import ServiceModel
from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer, SerializationContext
from moto.core.utils import get_service_model

from local_aws.cloudformation.errors import CloudFormationError, UnsupportedOperation, ValidationError
from local_aws.cloudformation.operations import OPERATIONS, call
from local_aws.sagemaker.context import Context

LOGGER = logging.getLogger(__name__)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
LARGEST_REQUEST = 2 * 1024 * 1024


@functools.lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """botocore's model of CloudFormation, as moto's parser wants it."""
    return get_service_model("cloudformation")


class CloudFormationApi:
    """A WSGI application."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request_id = str(uuid.uuid4())
        try:
            status, body = "200 OK", self._answer(environ, request_id)
        except CloudFormationError as error:
            status, body = "400 Bad Request", _error(error.code, error.message, request_id)
        except Exception:
            LOGGER.exception("request %s", request_id)
            told = f"Internal failure; request {request_id}."
            status, body = "500 Internal Server Error", _error("InternalFailure", told, request_id)
        content = body.encode()
        start_response(status, [("Content-Type", "text/xml"), ("Content-Length", str(len(content)))])
        return [content]

    def _answer(self, environ: dict[str, Any], request_id: str) -> str:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > LARGEST_REQUEST:
            raise ValidationError(f"The request has {length} bytes, at most {LARGEST_REQUEST} are taken.")
        form = dict(parse_qsl(environ["wsgi.input"].read(length).decode(), keep_blank_values=True))
        name = form.get("Action", "")
        if name not in OPERATIONS:
            raise UnsupportedOperation(f"{name} is not supported by this local AWS.")
        operation = service_model().operation_model(name)
        request = QueryParser(operation).parse({"values": form})  # type: ignore[typeddict-item]
        report = ParamValidator().validate(request, operation.input_shape)
        if report.has_errors():
            raise ValidationError(" ".join(report.generate_report().split()))
        context = SerializationContext(request_id)
        answer = QuerySerializer(operation, context).serialize(call(self._context, name, request))
        body = answer["body"]
        return body if isinstance(body, str) else body.decode()


def _error(code: str, message: str, request_id: str) -> str:
    return (
        '<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
