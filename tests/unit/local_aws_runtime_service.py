"""The runtime in this process, between a real boto3 client and models that are functions."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.logs.models import LogsBackend
from moto.s3.models import S3Backend, s3_backends

from local_aws.logs import LogGroups
from local_aws.objects import ObjectStore
from local_aws.sagemaker.context import ACCOUNT_ID, Context
from local_aws.sagemaker.endpoints.capture_log import CaptureLog
from local_aws.sagemaker.endpoints.errors import EndpointNotFound, NotServing, Throttled, VariantNotFound
from local_aws.sagemaker.endpoints.invocation_metrics import InvocationMetrics
from local_aws.sagemaker.endpoints.lease import Lease
from local_aws.sagemaker.endpoints.runtime import RuntimeApi
from local_aws.sagemaker.jobs.model_server import Answer
from local_aws.sagemaker.store import Store

BUCKET = "bucket"
MIDDAY = datetime(2026, 3, 4, 11, 59, 58, 765000, tzinfo=timezone.utc)
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
}


@dataclass
class Asked:
    """A request as a model got it."""

    body: bytes
    content_type: str | None
    accept: str | None
    seconds: float
    headers: Mapping[str, str]


@dataclass
class ModelInProcess:
    """A model server whose model is a function; it keeps what it was asked."""

    model: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)

    def invoke(
        self,
        body: bytes,
        content_type: str | None,
        accept: str | None,
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        asked = Asked(body, content_type, accept, seconds, headers or {})
        self.asked.append(asked)
        return self.model(asked)


def echo(asked: Asked) -> Answer:
    return Answer(200, b"[" + asked.body + b"]", "application/json")


class EndpointsInProcess:
    """Endpoints by name: each a list of leases given in turn, or the status of one that does not serve."""

    def __init__(self) -> None:
        self.by_name: dict[str, list[Lease] | str] = {}
        self.in_flight = 0
        self.most_in_flight = 100
        self._lock = threading.Lock()
        self._given = 0

    def add(self, *models: ModelInProcess, name: str = "ep", **changes: Any) -> None:
        """An endpoint with one instance for each model."""
        given: dict[str, Any] = {
            "endpoint_name": name,
            "endpoint_config_name": f"{name}-config",
            "variant_name": "AllTraffic",
            "instance_count": len(models),
            "data_capture": None,
            "serverless": False,
            **changes,
        }
        self.by_name[name] = [Lease(model_server=model, **given) for model in models]  # type: ignore[arg-type]

    @contextmanager
    def lease(self, endpoint_name: str, target_variant: str | None = None) -> Iterator[Lease]:
        found = self.by_name.get(endpoint_name)
        if found is None:
            raise EndpointNotFound(endpoint_name)
        if isinstance(found, str):
            raise NotServing(found)
        if target_variant not in (None, found[0].variant_name):
            raise VariantNotFound(target_variant)
        if self.in_flight >= self.most_in_flight:
            raise Throttled(endpoint_name)
        with self._lock:
            lease = found[self._given % len(found)]
            self._given += 1
            self.in_flight += 1
        try:
            yield lease
        finally:
            with self._lock:
                self.in_flight -= 1


@dataclass
class MetricsInProcess:
    """What was put, added up: (name, dimensions) -> value -> count."""

    seen: dict[tuple[str, frozenset[tuple[str, str]]], dict[float, float]] = field(default_factory=dict)
    data: list[Any] = field(default_factory=list)

    def put(self, namespace: str, data: Any) -> None:
        assert namespace == "AWS/SageMaker"
        for datum in data:
            self.data.append(datum)
            found = self.seen.setdefault((datum.name, frozenset(datum.dimensions.items())), {})
            for value, count in zip(datum.values, datum.counts, strict=True):
                found[value] = found.get(value, 0.0) + count

    def of(self, name: str, **dimensions: str) -> dict[float, float]:
        return self.seen.get((name, frozenset(dimensions.items())), {})


class Clock:
    """A clock that moves when it is told to; `now` and `monotonic` move together."""

    def __init__(self, moment: datetime = MIDDAY) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()


def make_context(state: Path, clock: Clock | None = None) -> Context:
    """A context with S3 in memory, one bucket in it, and the data plane's workers."""
    state.mkdir(exist_ok=True)
    clock = clock or Clock()
    # the names of buckets are moto's only state outside its backends
    s3_backends.bucket_accounts.pop(BUCKET, None)
    s3 = S3Backend("aws", ACCOUNT_ID)
    s3.create_bucket(BUCKET, "us-east-1")
    context = Context(
        region="us-east-1",
        state_dir=state,
        store=Store(state / "sagemaker.sqlite"),
        objects=ObjectStore(s3),
        logs=LogGroups(LogsBackend("us-east-1", ACCOUNT_ID)),
        endpoint_url="http://127.0.0.1:1",
        call=lambda _operation, _request: {},
        make_durable=lambda: None,
        now=clock.now,
    )
    context.metrics = MetricsInProcess()  # type: ignore[assignment]
    context.workers["invocation_metrics"] = InvocationMetrics(context)
    context.workers["capture"] = CaptureLog(context, clock=clock.monotonic)
    context.workers["endpoints"] = EndpointsInProcess()  # type: ignore[assignment]
    return context


class Runtime:
    """The runtime with a boto3 client whose requests it answers without a network."""

    def __init__(self, context: Context, seconds: float = 60.0) -> None:
        self.context = context
        self.endpoints: Any = context.workers["endpoints"]
        self.capture: Any = context.workers["capture"]
        self.measured: Any = context.workers["invocation_metrics"]
        self.app = RuntimeApi(context, seconds)
        self.statuses: list[int] = []
        self.client = boto3.client(
            "sagemaker-runtime",
            endpoint_url="http://127.0.0.1:1",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )
        self.client.meta.events.register("before-send.sagemaker-runtime", self._answer)

    def invoke(self, body: bytes = b"1", name: str = "ep", **members: Any) -> dict[str, Any]:
        """One request; the response with its body read."""
        found = self.client.invoke_endpoint(EndpointName=name, Body=body, **members)
        return {**found, "Body": found["Body"].read()}

    def records(self) -> list[tuple[str, bytes]]:
        """The captured objects by key."""
        objects = self.context.objects
        return [(key, objects.read(BUCKET, key)) for key in objects.keys(BUCKET)]

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        status, headers, body = call(self.app, environ_of(request))
        self.statuses.append(status)
        raw = io.BytesIO(body)
        raw.stream = lambda **_: iter([body])  # type: ignore[attr-defined]
        return AWSResponse(request.url, status, headers, raw)


def environ_of(request: AWSPreparedRequest) -> dict[str, Any]:
    """A request as cheroot gives it to an application."""
    body = request.body or b""
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    variables = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    variables["CONTENT_LENGTH"] = variables.pop("HTTP_CONTENT_LENGTH", "")
    if "HTTP_CONTENT_TYPE" in variables:
        variables["CONTENT_TYPE"] = variables.pop("HTTP_CONTENT_TYPE")
    path = unquote(urlsplit(request.url).path)
    return {"REQUEST_METHOD": request.method, "PATH_INFO": path, "wsgi.input": io.BytesIO(body), **variables}


def call(app: Any, environ: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that a WSGI application answers."""
    said: list[Any] = []
    body = b"".join(app(environ, lambda status, headers: said.extend([status, headers])))
    return int(said[0].split()[0]), dict(said[1]), body
