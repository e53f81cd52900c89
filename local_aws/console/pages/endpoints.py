"""Endpoints: what serves, which version, and how it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local_aws.console.pages.packages import package_of
from local_aws.console.paging import page_of
from local_aws.console.sources import Sources
from local_aws.console.view import PageMissing, View, Visit
from local_aws.console.wording import words
from local_aws.objects import ObjectNotFound, S3Uri
from local_aws.sagemaker.endpoints.instance import LOG_GROUP
from local_aws.sagemaker.endpoints.invocation_metrics import NAMESPACE
from local_aws.sagemaker.endpoints.records import ENDPOINT
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.operations.endpoints import IN_PROGRESS
from local_aws.sagemaker.store import Record

MINUTES = 60
NEWEST_CAPTURES = 5


@dataclass(frozen=True)
class VariantRow:
    """One production variant. `package` is the group and number of the version that it serves."""

    name: str
    model: str
    package: tuple[str, int] | None
    image: str
    capacity: str
    weight: float


@dataclass(frozen=True)
class Traffic:
    """Requests to a variant in the last hour; latency is the model's, in milliseconds, None without requests."""

    variant: str
    requests: int
    refused: int
    failed: int
    p50: float | None
    p99: float | None
    by_minute: Sequence[int]


@dataclass(frozen=True)
class Captured:
    """What data capture has written so far: how many objects, and the keys of the latest."""

    objects: int
    newest: Sequence[str]


def endpoints(visit: Visit) -> View:
    """All endpoints, the latest first."""
    records = visit.sources.context.store.all(ENDPOINT)[::-1]
    shown = page_of(records, visit.request.args)
    values = {"shown": shown, "variants": {record.name: _variants(visit.sources, record) for record in shown.items}}
    live = any(record.status in IN_PROGRESS for record in records)
    return View("endpoints.html", "Endpoints", values, live, ", ".join(f"{r.name} {words(r.status)}" for r in records))


def endpoint(visit: Visit, name: str) -> View:
    """One endpoint."""
    context = visit.sources.context
    try:
        described = context.call("DescribeEndpoint", {"EndpointName": name})
        record = context.store.get(ENDPOINT, name)
    except (ServiceError, KeyError) as error:
        raise PageMissing(f"There is no endpoint {name}.") from error
    capture = described.get("DataCaptureConfig")
    values = {
        "endpoint": record,
        "described": described,
        "variants": _variants(visit.sources, record),
        "traffic": [_traffic(visit.sources, name, each["VariantName"]) for each in described["ProductionVariants"]],
        "minutes": MINUTES,
        "capture": capture,
        "captured": _captured(visit.sources, name, capture["DestinationS3Uri"]) if capture else None,
        "log_group": f"{LOG_GROUP}/{name}",
    }
    return View("endpoint.html", name, values, live=True, news=words(record.status))


def _variants(sources: Sources, record: Record) -> list[VariantRow]:
    described = {}
    try:
        answer = sources.context.call("DescribeEndpoint", {"EndpointName": record.name})
        described = {variant["VariantName"]: variant for variant in answer["ProductionVariants"]}
    except ServiceError:
        return []  # deleted meanwhile
    return [
        _variant(
            variant, described.get(variant["VariantName"], {}), record.body["Models"].get(variant["ModelName"], {})
        )
        for variant in record.body["Config"]["ProductionVariants"]
    ]


def _variant(variant: Mapping[str, Any], described: Mapping[str, Any], model: Mapping[str, Any]) -> VariantRow:
    container = (model.get("Containers") or [model.get("PrimaryContainer") or {}])[0]
    serverless = described.get("CurrentServerlessConfig")
    if serverless:
        capacity = f"serverless, {serverless['MemorySizeInMB']} MB, {serverless['MaxConcurrency']} at a time"
    else:
        wanted, now = described.get("DesiredInstanceCount"), described.get("CurrentInstanceCount")
        kind = variant.get("InstanceType", "")
        capacity = f"{now} x {kind}" + (f", {wanted} wanted" if wanted != now else "")
    return VariantRow(
        name=variant["VariantName"],
        model=variant["ModelName"],
        package=package_of(container.get("ModelPackageName") or ""),
        image=container.get("Image", ""),
        capacity=capacity,
        weight=described.get("CurrentWeight", variant.get("InitialVariantWeight", 1.0)),
    )


def _traffic(sources: Sources, endpoint_name: str, variant: str) -> Traffic:
    metrics, now = sources.context.metrics, sources.context.now()
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    end = start + timedelta(minutes=MINUTES)
    dimensions = {"EndpointName": endpoint_name, "VariantName": variant}

    def of_hour(name: str, stat: str) -> float | None:
        found = metrics.statistic(NAMESPACE, name, dimensions, stat, MINUTES * 60, start, end)
        return found[0][1] if found else None

    minutes = dict(metrics.statistic(NAMESPACE, "Invocations", dimensions, "Sum", 60, start, end))
    p50, p99 = of_hour("ModelLatency", "p50"), of_hour("ModelLatency", "p99")
    return Traffic(
        variant=variant,
        requests=int(of_hour("Invocations", "Sum") or 0),
        refused=int(of_hour("Invocation4XXErrors", "Sum") or 0),
        failed=int(of_hour("Invocation5XXErrors", "Sum") or 0),
        p50=None if p50 is None else p50 / 1000,
        p99=None if p99 is None else p99 / 1000,
        by_minute=[int(minutes.get(start + timedelta(minutes=minute), 0)) for minute in range(MINUTES)],
    )


def _captured(sources: Sources, endpoint_name: str, destination: str) -> Captured:
    uri = S3Uri.parse(destination)
    prefix = f"{uri.key.rstrip('/')}/{endpoint_name}/".lstrip("/")
    try:
        keys = list(sources.context.objects.keys(uri.bucket, prefix))
    except ObjectNotFound:
        return Captured(0, [])
    return Captured(len(keys), keys[: -NEWEST_CAPTURES - 1 : -1])
