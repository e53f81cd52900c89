"""What an endpoint serves and how it does, read from answers in the services' own form."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines.live_endpoint import EndpointMissing, describe_endpoint, recent_traffic

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones/3"
NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=timezone.utc)


class SageMaker:
    """One endpoint, its configuration and its models, as the service describes them."""

    def __init__(self, variants: list[dict[str, Any]], now: list[dict[str, Any]] | None = None, **config: Any) -> None:
        self.config = {"ProductionVariants": variants, **config}
        self.endpoint: dict[str, Any] = {
            "EndpointName": "e",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
            "EndpointConfigName": "c",
            "EndpointStatus": "InService",
            "CreationTime": NOW,
            "LastModifiedTime": NOW,
        }
        if now is not None:
            self.endpoint["ProductionVariants"] = now
        self.models = {"packaged": {"Containers": [{"ModelPackageName": PACKAGE}]}, "plain": {"PrimaryContainer": {}}}

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName != "e":
            raise refusal("Could not find endpoint")
        return self.endpoint

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        return self.config

    def describe_model(self, ModelName: str) -> dict[str, Any]:
        if ModelName not in self.models:
            raise refusal("Could not find model")
        return self.models[ModelName]


class CloudWatch:
    """Answers queries from figures by variant, metric and statistic; what it has no figures for has no values."""

    def __init__(self, figures: dict[tuple[str, str, str], float]) -> None:
        self.figures = figures
        self.asked: dict[str, Any] = {}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self.asked = request
        results = []
        for query in request["MetricDataQueries"]:
            stat = query["MetricStat"]
            variant = {one["Name"]: one["Value"] for one in stat["Metric"]["Dimensions"]}["VariantName"]
            value = self.figures.get((variant, stat["Metric"]["MetricName"], stat["Stat"]))
            results.append({"Label": query["Label"], "Values": [] if value is None else [value]})
        return {"MetricDataResults": results}


def refusal(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Describe")


def variant(name: str = "AllTraffic", model: str = "packaged", **members: Any) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
        **members,
    }


def test_an_endpoint_is_described_with_its_package_counts_and_capture() -> None:
    capture = {"EnableCapture": True, "InitialSamplingPercentage": 50, "DestinationS3Uri": "s3://b/captured"}
    now = [{"VariantName": "AllTraffic", "CurrentInstanceCount": 2, "DesiredInstanceCount": 3, "CurrentWeight": 1.0}]
    found = describe_endpoint(SageMaker([variant()], now, DataCaptureConfig=capture), "e")
    assert (found.status, found.package_arn) == ("InService", PACKAGE)
    assert (found.capture_uri, found.capture_percent) == ("s3://b/captured", 50)
    (serving,) = found.variants
    assert (serving.instance_type, serving.current_count, serving.desired_count) == ("ml.m5.large", 2, 3)


def test_an_endpoint_that_is_being_created_shows_what_was_asked_for() -> None:
    found = describe_endpoint(SageMaker([variant()]), "e")
    assert (found.variants[0].current_count, found.variants[0].desired_count) == (0, 1)
    assert found.capture_uri is None


def test_a_serverless_variant_has_memory_and_concurrency_in_place_of_instances() -> None:
    asked = {"VariantName": "AllTraffic", "ModelName": "packaged"}
    asked["ServerlessConfig"] = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    now = [{"VariantName": "AllTraffic", "CurrentServerlessConfig": asked["ServerlessConfig"], "CurrentWeight": 1.0}]
    (serving,) = describe_endpoint(SageMaker([asked], now), "e").variants
    assert (serving.serverless_memory_mb, serving.serverless_max_concurrency) == (2048, 5)
    assert (serving.instance_type, serving.current_count, serving.desired_count) == (None, None, None)


@pytest.mark.parametrize("model", ["plain", "deleted"])
def test_a_model_that_came_from_no_package_or_is_gone_has_no_package(model: str) -> None:
    assert describe_endpoint(SageMaker([variant(model=model)]), "e").package_arn is None


def test_an_unknown_endpoint_is_missing_with_the_command_that_makes_it() -> None:
    with pytest.raises(EndpointMissing, match="no endpoint absent: `scones deploy` makes it"):
        describe_endpoint(SageMaker([variant()]), "absent")


def test_traffic_is_summed_over_variants_and_as_slow_as_the_slowest() -> None:
    figures = {
        ("A", "Invocations", "Sum"): 90.0,
        ("A", "ModelLatency", "p50"): 3000.0,
        ("A", "ModelLatency", "p99"): 9000.0,
        ("A", "Invocation4XXErrors", "Sum"): 2.0,
        ("B", "Invocations", "Sum"): 10.0,
        ("B", "ModelLatency", "p50"): 5000.0,
        ("B", "ModelLatency", "p99"): 7000.0,
    }
    cloudwatch = CloudWatch(figures)
    endpoint = describe_endpoint(SageMaker([variant("A"), variant("B")]), "e")
    traffic = recent_traffic(cloudwatch, endpoint, 15, NOW)
    assert (traffic.invocations, traffic.errors_4xx, traffic.errors_5xx) == (100, 2, 0)
    assert (traffic.p50_ms, traffic.p99_ms) == (5.0, 9.0)
    assert cloudwatch.asked["EndTime"] - cloudwatch.asked["StartTime"] == timedelta(minutes=15)
    assert cloudwatch.asked["EndTime"] > NOW, "the minute that runs is counted"


def test_without_requests_there_is_no_latency() -> None:
    traffic = recent_traffic(CloudWatch({}), describe_endpoint(SageMaker([variant()]), "e"), 15, NOW)
    assert (traffic.invocations, traffic.p50_ms, traffic.p99_ms) == (0, None, None)
