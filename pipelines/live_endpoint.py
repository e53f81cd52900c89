"""What an endpoint serves now, and how it does: read from SageMaker and CloudWatch. boto3 only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

NAMESPACE = "AWS/SageMaker"
PERIOD_SECONDS = 60


class EndpointMissing(LookupError):
    """No endpoint of that name."""


@dataclass(frozen=True)
class Variant:
    """A production variant. Counts are of instances, None for a serverless one; `weight` is its share of the traffic.

    `package_arn` is the model package that its model was made from, None for a model that was made otherwise.
    """

    name: str
    package_arn: str | None
    instance_type: str | None
    current_count: int | None
    desired_count: int | None
    serverless_memory_mb: int | None
    serverless_max_concurrency: int | None
    weight: float


@dataclass(frozen=True)
class LiveEndpoint:
    """An endpoint: `status` is SageMaker's EndpointStatus; `capture_percent` is None where nothing is captured."""

    name: str
    arn: str
    status: str
    failure_reason: str | None
    config_name: str
    variants: tuple[Variant, ...]
    capture_uri: str | None
    capture_percent: int | None
    created: datetime
    modified: datetime

    @property
    def package_arn(self) -> str | None:
        """The model package that the first variant serves."""
        return self.variants[0].package_arn if self.variants else None


@dataclass(frozen=True)
class Traffic:
    """The requests of the last `minutes`. Latencies are the model's, in milliseconds, None without requests.

    Over several variants the counts are sums and the latencies those of the slowest one.
    """

    minutes: int
    invocations: int
    errors_4xx: int
    errors_5xx: int
    p50_ms: float | None
    p99_ms: float | None


def describe_endpoint(sagemaker: Any, name: str) -> LiveEndpoint:
    """Raises EndpointMissing."""
    try:
        found = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if "Could not find" in error.response["Error"].get("Message", ""):
            raise EndpointMissing(f"no endpoint {name}: `scones deploy` makes it") from error
        raise
    config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
    models = {variant["VariantName"]: variant["ModelName"] for variant in config["ProductionVariants"]}
    requested = {variant["VariantName"]: variant for variant in config["ProductionVariants"]}
    capture = config.get("DataCaptureConfig", {})
    capturing = bool(capture.get("EnableCapture"))
    return LiveEndpoint(
        name=name,
        arn=found["EndpointArn"],
        status=found["EndpointStatus"],
        failure_reason=found.get("FailureReason"),
        config_name=found["EndpointConfigName"],
        variants=tuple(
            _variant(now, requested[now["VariantName"]], _package_of(sagemaker, models[now["VariantName"]]))
            for now in found.get("ProductionVariants", config["ProductionVariants"])
        ),
        capture_uri=capture["DestinationS3Uri"] if capturing else None,
        capture_percent=capture["InitialSamplingPercentage"] if capturing else None,
        created=found["CreationTime"],
        modified=found["LastModifiedTime"],
    )


def serving_package(sagemaker: Any, name: str) -> str | None:
    """The model package that the endpoint serves; None where there is no endpoint, or it serves none."""
    try:
        return describe_endpoint(sagemaker, name).package_arn
    except EndpointMissing:
        return None


def recent_traffic(cloudwatch: Any, endpoint: LiveEndpoint, minutes: int, now: datetime) -> Traffic:
    """What CloudWatch says of the last `minutes` until `now`, all variants together."""
    each = [_traffic_of(cloudwatch, endpoint.name, variant.name, minutes, now) for variant in endpoint.variants]
    return Traffic(
        minutes=minutes,
        invocations=int(sum(found["invocations"] or 0 for found in each)),
        errors_4xx=int(sum(found["errors_4xx"] or 0 for found in each)),
        errors_5xx=int(sum(found["errors_5xx"] or 0 for found in each)),
        p50_ms=_slowest(found["p50"] for found in each),
        p99_ms=_slowest(found["p99"] for found in each),
    )


def _variant(now: Mapping[str, Any], requested: Mapping[str, Any], package_arn: str | None) -> Variant:
    serverless = now.get("CurrentServerlessConfig") or requested.get("ServerlessConfig") or {}
    return Variant(
        name=requested["VariantName"],
        package_arn=package_arn,
        instance_type=requested.get("InstanceType"),
        current_count=None if serverless else now.get("CurrentInstanceCount", 0),
        desired_count=None if serverless else now.get("DesiredInstanceCount", requested.get("InitialInstanceCount")),
        serverless_memory_mb=serverless.get("MemorySizeInMB"),
        serverless_max_concurrency=serverless.get("MaxConcurrency"),
        weight=float(now.get("CurrentWeight", requested.get("InitialVariantWeight", 1.0))),
    )


def _package_of(sagemaker: Any, model_name: str) -> str | None:
    try:
        model = sagemaker.describe_model(ModelName=model_name)
    except ClientError as error:
        if "Could not find" in error.response["Error"].get("Message", ""):
            return None  # an endpoint goes on serving a model that was deleted
        raise
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    return next((one["ModelPackageName"] for one in containers if "ModelPackageName" in one), None)


STATISTICS = {
    "invocations": ("Invocations", "Sum"),
    "errors_4xx": ("Invocation4XXErrors", "Sum"),
    "errors_5xx": ("Invocation5XXErrors", "Sum"),
    "p50": ("ModelLatency", "p50"),
    "p99": ("ModelLatency", "p99"),
}


def _traffic_of(cloudwatch: Any, endpoint: str, variant: str, minutes: int, now: datetime) -> dict[str, float | None]:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    # one period over the whole time, so that a percentile is that of all requests; periods begin at whole minutes
    end = now.replace(second=0, microsecond=0) + timedelta(seconds=PERIOD_SECONDS)
    answer = cloudwatch.get_metric_data(
        StartTime=end - timedelta(minutes=minutes),
        EndTime=end,
        MetricDataQueries=[
            {
                "Id": f"q{number}",
                "Label": key,
                "MetricStat": {
                    "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
                    "Period": PERIOD_SECONDS * minutes,
                    "Stat": statistic,
                },
            }
            for number, (key, (metric, statistic)) in enumerate(STATISTICS.items())
        ],
    )
    found = {result["Label"]: result["Values"] for result in answer["MetricDataResults"]}
    counts = {key: sum(found.get(key, [])) for key in ("invocations", "errors_4xx", "errors_5xx")}
    # ModelLatency is in microseconds
    latencies = {key: max(found[key]) / 1000 if found.get(key) else None for key in ("p50", "p99")}
    return {**counts, **latencies}


def _slowest(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if known else None
