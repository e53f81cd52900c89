"""The handlers, unchanged, under the runtime client that AWS Lambda itself uses (awslambdaric).

A process of its own runs each handler as on Lambda: from the folder that is its zip, spoken to over the Runtime API,
with the template's environment. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.inference_workflow_services import from_state, png
from tests.waiting import PATIENCE_SECONDS

CODE = Path(__file__).resolve().parents[2] / "inference_workflow"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:function"


@dataclass
class Service(ThreadingHTTPServer):
    """The Runtime API of one function, and the S3 and the endpoint that it speaks to."""

    events: queue.Queue[Any] = field(default_factory=queue.Queue)
    answers: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)
    objects: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.daemon_threads = True
        self.address = f"127.0.0.1:{self.server_port}"

    def ask(self, event: Any) -> tuple[str, Any]:
        """Hand the function an event; the kind of its answer (`response` or `error`) and what it says."""
        self.events.put(event)
        return self.answers.get(timeout=PATIENCE_SECONDS)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: Service

    def do_GET(self) -> None:
        if self.path.endswith("/invocation/next"):
            event = self.server.events.get()
            headers = {"Lambda-Runtime-Aws-Request-Id": "1", "Lambda-Runtime-Invoked-Function-Arn": ARN}
            deadline = {"Lambda-Runtime-Deadline-Ms": "4102444800000"}
            self._answer(200, json.dumps(event).encode(), {**headers, **deadline, "Content-Type": "application/json"})
            return
        data = self.server.objects.get(self.path)
        if data is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>")
        else:
            self._answer(200, data, {"ETag": '"e"'})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/endpoints/scones/invocations":
            assert (self.headers["Content-Type"], body) == ("image/png", png())
            self._answer(200, b"[0.04, 0.96]", {"Content-Type": "application/json"})
            return
        self._answer(202, b"")
        self.server.answers.put((self.path.rpartition("/")[2], json.loads(body)))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """The output of a test is its own."""


@contextmanager
def running(handler: str, objects: dict[str, bytes] | None = None, **settings: str) -> Iterator[Service]:
    """The handler in the official runtime client, waiting for events."""
    service = Service(objects=objects or {})
    threading.Thread(target=service.serve_forever, daemon=True).start()
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": service.address,
        "AWS_ENDPOINT_URL": f"http://{service.address}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "LAMBDA_TASK_ROOT": str(CODE),
        **settings,
    }
    command = [sys.executable, "-m", "awslambdaric", handler]
    process = subprocess.Popen(
        command, cwd=CODE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield service
    finally:
        process.kill()
        process.communicate()
        service.shutdown()
        service.server_close()


def test_a_picture_goes_through_all_three_functions() -> None:
    request = {"image_data": "", "s3_bucket": "images", "s3_key": "ein Rad+.png"}
    with running("serialize_image_data.app.lambda_handler", {"/images/ein%20Rad%2B.png": png()}) as function:
        kind, serialized = function.ask(from_state(request))
        assert (kind, base64.b64decode(serialized["image_data"])) == ("response", png())
    with running("classify_image.app.lambda_handler", ENDPOINT_NAME="scones") as function:
        kind, classified = function.ask(from_state(serialized))
        assert (kind, classified["inferences"]) == ("response", [0.04, 0.96])
    with running("filter_low_confidence.app.lambda_handler", THRESHOLD="0.93") as function:
        kind, confident = function.ask(from_state(classified))
        assert (kind, confident["label"], confident["confidence"]) == ("response", "motorcycle", 0.96)
        kind, error = function.ask(from_state({**classified, "threshold": 0.99}))
    assert (kind, error["errorType"]) == ("error", "ThresholdNotMet")
    assert json.loads(error["errorMessage"])["confidence"] == 0.96


@pytest.mark.parametrize(
    ("handler", "event", "error", "said"),
    [
        (
            "serialize_image_data",
            {"s3_bucket": "images", "s3_key": "gone.png"},
            "ImageNotFound",
            "s3://images/gone.png",
        ),
        ("classify_image", {"image_data": "bm90IGFuIGltYWdl"}, "NotAnImage", "not a PNG or JPEG"),
        ("summarize_bulk", {}, "EventNotUnderstood", "MapRunArn"),
    ],
)
def test_errors_leave_the_function_under_their_own_name(
    handler: str, event: dict[str, Any], error: str, said: str
) -> None:
    with running(f"{handler}.app.lambda_handler", ENDPOINT_NAME="scones") as function:
        kind, answer = function.ask(event)
    assert (kind, answer["errorType"]) == ("error", error)
    assert said in answer["errorMessage"]
