"""The serving contract of AWS's inference images: /ping and /invocations around the user's functions.

`model_fn`, `input_fn`, `predict_fn`, `output_fn`, or `transform_fn` in place of the last three; what the
user's module does not define is the framework's default. Stands alone (gunicorn serves). The contract is that
of sagemaker-inference-toolkit: https://github.com/aws/sagemaker-inference-toolkit.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol

JSON, CSV, NPY, ANY = "application/json", "text/csv", "application/x-npy", "*/*"
TEXT_TYPES = (JSON, CSV)
WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Defaults(Protocol):
    """A framework's own handler functions."""

    def model_fn(self, model_dir: str) -> Any:
        """Load the model."""

    def input_fn(self, body: Any, content_type: str) -> Any:
        """Request body (str for JSON and CSV, else bytes) to the model's input."""

    def predict_fn(self, data: Any, model: Any) -> Any:
        """The model's output."""

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """The model's output to a response body, of the type that is accepted."""


class UnsupportedFormat(Exception):
    """The framework's default functions cannot read or write this content type."""

    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    def __init__(self, content_type: str) -> None:
        super().__init__(
            f"Content type {content_type} is not supported by this framework. "
            "Please implement input_fn to deserialize the request data or an output_fn to serialize the "
            "response."
        )


class Handlers:
    """The user's functions, with defaults for those that are missing, around the loaded model."""

    def __init__(self, module: ModuleType | None, defaults: Defaults, model_dir: str) -> None:
        own = {name: getattr(module, name, None) for name in ("transform_fn", "input_fn", "predict_fn", "output_fn")}
        if own["transform_fn"] and any(own[name] for name in ("input_fn", "predict_fn", "output_fn")):
            raise ValueError(
                "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, and/or "
                "output_fn implementation"
            )
        self._functions: dict[str, Any] = {name: own[name] or getattr(defaults, name, None) for name in own}
        self._context = SimpleNamespace(system_properties={"model_dir": model_dir, "gpu_id": None})
        # one request at a time in a process, as in AWS's images: handler functions need not be safe for
        # threads
        self._lock = threading.Lock()
        self._model = self._call(getattr(module, "model_fn", None) or defaults.model_fn, model_dir)

    def transform(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """The response body and its content type."""
        data = body.decode() if content_type.split(";")[0].strip() in TEXT_TYPES else body
        with self._lock:
            result = self._transform(data, content_type, accept)
        if isinstance(result, tuple):
            result, accept = result
        return as_bytes(result), accept

    def _transform(self, data: Any, content_type: str, accept: str) -> Any:
        if self._functions["transform_fn"]:
            return self._call(self._functions["transform_fn"], self._model, data, content_type, accept)
        read = self._call(self._functions["input_fn"], data, content_type)
        predicted = self._call(self._functions["predict_fn"], read, self._model)
        return self._call(self._functions["output_fn"], predicted, accept)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Handler functions may take the context as one argument more."""
        taken = len(inspect.signature(function).parameters)
        if taken == len(arguments) + 1:
            return function(*arguments, self._context)
        if taken != len(arguments):
            raise TypeError(f"{function.__name__} takes {taken} arguments but {len(arguments)} were given.")
        return function(*arguments)


def as_bytes(result: Any) -> bytes:
    """A handler's result as a response body: bytes and text as they are, anything else as JSON."""
    if isinstance(result, (bytes, bytearray, memoryview)):
        return bytes(result)
    if isinstance(result, str):
        return result.encode()
    return json.dumps(result, default=lambda value: value.tolist()).encode()


def application(handlers: Handlers) -> WSGI:
    """The web application."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        route = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if route == ("GET", "/ping"):
            status, body, content_type = 200, b'{"status": "Healthy"}', JSON
        elif route == ("POST", "/invocations"):
            status, body, content_type = _invoke(handlers, environ)
        else:
            status, body, content_type = 404, b"there are GET /ping and POST /invocations", "text/plain"
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    return answer


def _invoke(handlers: Handlers, environ: dict[str, Any]) -> tuple[int, bytes, str]:
    body = environ["wsgi.input"].read()
    accept = environ.get("HTTP_ACCEPT") or ANY
    if accept == ANY:
        accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
    try:
        content, content_type = handlers.transform(body, environ.get("CONTENT_TYPE") or JSON, accept)
        return 200, content, content_type
    except Exception as error:
        # an error may say its own status, as those of sagemaker_inference.errors do
        status = int(getattr(error, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR))
        trace = traceback.format_exc()
        print(trace, file=sys.stderr, flush=True)
        return status, f"{getattr(error, 'message', error)}\n{trace}".encode(), "text/plain"


def load_handlers(base: Path, defaults: Defaults) -> Handlers:
    """Import the user's module and load the model. Raises whatever the user's code raises."""
    model_dir = base / "model"
    code = Path(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or model_dir / "code")
    program = os.environ.get("SAGEMAKER_PROGRAM")
    if program is not None and not (code / program).is_file():
        raise FileNotFoundError(f"SAGEMAKER_PROGRAM {program} is not in SAGEMAKER_SUBMIT_DIRECTORY {code}")
    script = code / (program or "inference.py")
    # the folder of the toolkit itself, which is there because this runs as a script, is not for the user's
    # imports
    sys.path[0] = str(script.parent)
    module = importlib.import_module(script.stem) if script.is_file() else None
    return Handlers(module, defaults, str(model_dir))


def main(defaults: Defaults) -> int:
    """The command of an inference image: `serve FD`, FD being the listening socket, inherited."""
    if len(sys.argv) != 3 or sys.argv[1] != "serve":
        print(f"usage: {sys.argv[0]} serve FD", file=sys.stderr)
        return 2
    from gunicorn_server import serve
    from requirements_check import missing_requirements

    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    code = Path(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or base / "model" / "code")
    if missing := missing_requirements(code / "requirements.txt"):
        print(missing, file=sys.stderr)
        return 1
    workers = int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or 1)
    serve(lambda: application(load_handlers(base, defaults)), int(sys.argv[2]), workers)
    return 0
