"""Invoke and InvokeAsync: the requests of Lambda's API that execute a function. All others are moto's."""

from __future__ import annotations

import base64
import json
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, unquote

from local_aws.functions.errors import InvalidParameterValue, InvocationRefused, NoSuchFunction
from local_aws.functions.function import FunctionNotFound
from local_aws.functions.functions import LARGEST_PAYLOAD, Functions, too_large
from local_aws.functions.invocation_path import ASYNC_PATH, PATH, path_of

LOGGER = logging.getLogger(__name__)

LARGEST_DRAINED = 32 * 1024 * 1024
CHUNK = 64 * 1024

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Answer = tuple[str, list[tuple[str, str]], bytes]


class InvokeApi:
    """A WSGI application for the requests for which `invokes_function` holds."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request_id = str(uuid.uuid4())
        try:
            status, headers, body = self._answer(environ)
        except FunctionNotFound as error:
            status, headers, body = _refused(NoSuchFunction(str(error)))
        except InvocationRefused as error:
            status, headers, body = _refused(error)
        except Exception:
            LOGGER.exception("request %s (%s) failed", request_id, environ["PATH_INFO"])
            status, headers, body = _refused(InvocationRefused(f"Internal failure; request {request_id}."))
        start_response(status, [*headers, ("Content-Length", str(len(body))), ("x-amzn-RequestId", request_id)])
        return [body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path = path_of(environ)
        payload = _read_body(environ)
        if match := ASYNC_PATH.fullmatch(path):
            self._functions.invoke_later(unquote(match["function"]), payload)
            return "202 Accepted", [("Content-Type", "application/json")], b'{"Status": 202}'
        match = PATH.fullmatch(path)
        if match is None:
            raise InvalidParameterValue("This local AWS does not stream responses: use Invoke.")
        return self._invoke(unquote(match["function"]), payload, environ)

    def _invoke(self, function: str, payload: bytes, environ: dict[str, Any]) -> Answer:
        qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [None])[0]
        client_context = _decoded(environ.get("HTTP_X_AMZ_CLIENT_CONTEXT"))
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind == "Event":
            self._functions.invoke_later(function, payload, qualifier=qualifier, client_context=client_context)
            return "202 Accepted", [], b""
        if kind == "DryRun":
            self._functions.check(function, qualifier=qualifier)
            return "204 No Content", [], b""
        if kind != "RequestResponse":
            raise InvalidParameterValue(f"InvocationType must be RequestResponse, Event or DryRun, not {kind!r}.")
        tail = environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail"
        answer = self._functions.invoke(
            function, payload, log_tail=tail, qualifier=qualifier, client_context=client_context
        )
        headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", answer.executed_version)]
        if answer.function_error:
            headers.append(("X-Amz-Function-Error", answer.function_error))
        if tail:
            headers.append(("X-Amz-Log-Result", base64.b64encode(answer.log_tail).decode()))
        return "200 OK", headers, answer.payload


def _read_body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length <= LARGEST_PAYLOAD:
        return bytes(environ["wsgi.input"].read(length))
    # a client that is still sending does not see the answer: some of it is read and thrown away
    left = min(length, LARGEST_DRAINED)
    while left > 0 and (piece := environ["wsgi.input"].read(min(left, CHUNK))):
        left -= len(piece)
    raise too_large(LARGEST_PAYLOAD)


def _decoded(client_context: str | None) -> str | None:
    if client_context is None:
        return None
    try:
        return base64.b64decode(client_context, validate=True).decode()
    except ValueError as error:
        raise InvalidParameterValue("Client context must be a valid Base64-encoded JSON object.") from error


def _refused(error: InvocationRefused) -> Answer:
    kind = "User" if error.http_status[0] == "4" else "Service"
    body = json.dumps({"Type": kind, "Message": error.message, **error.members}).encode()
    return error.http_status, [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)], body
