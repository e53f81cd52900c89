"""Invocations inside moto, handed to who really executes functions."""

from __future__ import annotations

from typing import Any, Protocol

from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.utils import get_backend

from local_aws.functions.errors import InvocationRefused
from local_aws.functions.function import FunctionAnswer, FunctionNotFound
from local_aws.moto_patches.replacing import replace


class Runner(Protocol):
    """Who executes functions: local_aws.functions.functions.Functions."""

    def invoke(self, function: str, payload: bytes, *, qualifier: str | None = None) -> FunctionAnswer:
        """Execute and wait."""

    def invoke_later(self, function: str, payload: bytes, *, qualifier: str | None = None) -> None:
        """Queue."""


_RUNNERS: list[Runner] = []


def invoke_with(runner: Runner) -> None:
    """Hand every invocation inside moto to this runner."""
    _RUNNERS[:] = [runner]


def install() -> None:
    """Events of moto's other services reach functions by these two; API calls are answered before moto."""

    def backend_invoke(
        backend: LambdaBackend,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: Any,
    ) -> bytes:
        payload = body.encode() if isinstance(body, str) else bytes(body or b"")
        try:
            if headers.get("X-Amz-Invocation-Type") == "Event":
                _RUNNERS[0].invoke_later(function_name, payload, qualifier=qualifier)
                return b""
            answer = _RUNNERS[0].invoke(function_name, payload, qualifier=qualifier)
        except FunctionNotFound as error:
            raise UnknownFunctionException(function_name) from error
        except InvocationRefused as error:
            raise LambdaClientError(error.code, error.message) from error
        if answer.function_error:
            response_headers["x-amz-function-error"] = answer.function_error
        response_headers["Content-Length"] = str(len(answer.payload))
        return answer.payload

    def function_invoke(function: LambdaFunction, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        backend = get_backend(function.account_id, function.region)
        version = str(function.version)
        return backend_invoke(backend, function.function_name, version, body, request_headers, response_headers)

    replace(LambdaBackend, invoke=backend_invoke)
    replace(LambdaFunction, invoke=function_invoke)
