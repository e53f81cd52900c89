"""Services for the Lambdas to talk to: an S3 and an endpoint that keep state and refuse as the real ones do."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

PREFERRED = b"[0.0211, 0.9789]"


def png(width: int = 2, height: int = 2, padding: int = 0) -> bytes:
    """A real PNG, all black; `padding` bytes of text metadata make it larger."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(b"".join(b"\0" + b"\0\0\0" * width for _ in range(height)))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    text = chunk(b"tEXt", b"Comment\0" + b"x" * padding) if padding else b""
    return b"\x89PNG\r\n\x1a\n" + header + text + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def refusal(operation: str, code: str, status: int, message: str = "no", **members: Any) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}, **members}
    return ClientError(answer, operation)  # type: ignore[arg-type]


@dataclass
class Bucket:
    """An S3 with one bucket, `images`. `bytes_read` is how much of bodies was read in all."""

    objects: dict[str, bytes] = field(default_factory=dict)
    bytes_read: int = 0
    down: str | None = None

    def get_object(self, Bucket: str, Key: str, IfMatch: str | None = None) -> dict[str, Any]:
        if self.down:
            raise refusal("GetObject", self.down, 503)
        if Bucket != "images":
            raise refusal("GetObject", "NoSuchBucket", 404, "The specified bucket does not exist")
        if Key not in self.objects:
            raise refusal("GetObject", "NoSuchKey", 404, "The specified key does not exist.")
        data = self.objects[Key]
        etag = self.etag(Key)
        if IfMatch not in (None, etag):
            raise refusal("GetObject", "PreconditionFailed", 412)
        body = StreamingBody(_Counted(data, self), len(data))
        return {"Body": body, "ContentLength": len(data), "ETag": etag}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:
        assert (Bucket, ContentType) == ("images", "application/json")
        self.objects[Key] = Body
        return {"ETag": self.etag(Key)}

    def etag(self, key: str) -> str:
        return f'"{hashlib.md5(self.objects[key]).hexdigest()}"'  # noqa: S324


class _Counted(io.BytesIO):
    def __init__(self, data: bytes, bucket: Bucket) -> None:
        super().__init__(data)
        self.bucket = bucket

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.bucket.bytes_read += len(data)
        return data


@dataclass
class Endpoint:
    """An endpoint called `scones`: refuses `throttled` requests first, then gives `answer` or raises `fault`."""

    answer: bytes = PREFERRED
    throttled: int = 0
    fault: Exception | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if request["EndpointName"] != "scones":
            told = f"Endpoint {request['EndpointName']} of account 123456789012 not found."
            raise refusal("InvokeEndpoint", "ValidationError", 400, told)
        if len(self.requests) <= self.throttled:
            raise refusal("InvokeEndpoint", "ThrottlingException", 429, "Rate exceeded")
        if self.fault is not None:
            raise self.fault
        return {"Body": StreamingBody(io.BytesIO(self.answer), len(self.answer)), "ContentType": "application/json"}


@dataclass(frozen=True)
class LambdaContext:
    """What the runtime hands to a handler beside the event."""

    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "5f8a6d3e-52e3-4b5c-8f5c-3d0f8a0a3a11"


def metrics_in(output: str) -> dict[str, Any]:
    """All metrics that were printed in CloudWatch's embedded format, by name."""
    found: dict[str, Any] = {}
    for line in output.splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        for directive in record.get("_aws", {}).get("CloudWatchMetrics", []):
            found |= {metric["Name"]: record[metric["Name"]] for metric in directive["Metrics"]}
    return found


def from_state(event: Any, execution: str = "arn:aws:states:us-east-1:123456789012:execution:workflow:one") -> Any:
    """The event as the state machine sends it: wrapped, with the execution beside it."""
    name = execution.rpartition(":")[2]
    return {"execution": {"id": execution, "name": name, "state_machine": "workflow"}, "body": event}


Handler = Callable[[Any, Any], dict[str, Any]]
