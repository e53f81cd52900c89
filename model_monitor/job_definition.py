"""What a monitoring job is to do, as a value: read from a job definition of SageMaker, or wanted for an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model_monitor.names import DATA_QUALITY, MonitoringType

INPUT_PATH = "/opt/ml/processing/input/endpoint"
PUBLISH_METRICS = "publish_cloudwatch_metrics"
# An environment variable of ours: whose baseline it is. The deployment moves a schedule whose package serves no more.
PACKAGE_VARIABLE = "model_package_arn"
PROBLEM_TYPE = "BinaryClassification"
# JMESPath into the answer [p_bicycle, p_motorcycle]: class 1 is the positive one
PROBABILITY_ATTRIBUTE = "[1]"


@dataclass(frozen=True)
class Resources:
    """What a job runs on, and for how long. `volume_gb` 1 to 16384, `max_runtime_seconds` up to 86400."""

    instance_type: str = "ml.m5.large"
    volume_gb: int = 20
    max_runtime_seconds: int = 1800
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    enable_network_isolation: bool = False


@dataclass(frozen=True)
class Quality:
    """What model quality needs besides: answers in S3, and how a label is read from the model's answer.

    `threshold` is the probability of class 1 from which on it is class 1.
    """

    ground_truth: str
    problem_type: str = PROBLEM_TYPE
    probability_attribute: str = PROBABILITY_ATTRIBUTE
    threshold: float = 0.5


@dataclass(frozen=True)
class JobDefinition:
    """One job definition. Offsets are ISO 8601 durations before an execution's time: -PT1H.

    `package_arn` is the model package whose baseline it compares with, "" where it does not say.

    `statistics` and `preprocessor` are None in model quality, `quality` in data quality.
    """

    monitoring_type: MonitoringType
    endpoint: str
    package_arn: str
    role_arn: str
    constraints: str | None
    statistics: str | None
    preprocessor: str | None
    output: str
    start_offset: str | None
    end_offset: str | None
    resources: Resources
    quality: Quality | None = None
    metrics: bool = True


def describe(sagemaker: Any, monitoring_type: MonitoringType, name: str) -> dict[str, Any]:
    """The answer of DescribeDataQualityJobDefinition or DescribeModelQualityJobDefinition."""
    ask = {
        DATA_QUALITY: sagemaker.describe_data_quality_job_definition,
    }.get(monitoring_type, sagemaker.describe_model_quality_job_definition)
    answer: dict[str, Any] = ask(JobDefinitionName=name)
    return answer


def read(monitoring_type: MonitoringType, described: Mapping[str, Any]) -> JobDefinition:
    """The value of a described job definition; what it does not say is as this project leaves it unsaid."""
    app = described[f"{monitoring_type}AppSpecification"]
    baseline = described.get(f"{monitoring_type}BaselineConfig", {})
    job_input = described[f"{monitoring_type}JobInput"]
    output = described[f"{monitoring_type}JobOutputConfig"]
    endpoint = job_input.get("EndpointInput", {})
    return JobDefinition(
        monitoring_type=monitoring_type,
        endpoint=endpoint.get("EndpointName", ""),
        package_arn=app.get("Environment", {}).get(PACKAGE_VARIABLE, ""),
        role_arn=described["RoleArn"],
        constraints=baseline.get("ConstraintsResource", {}).get("S3Uri"),
        statistics=baseline.get("StatisticsResource", {}).get("S3Uri"),
        preprocessor=app.get("RecordPreprocessorSourceUri"),
        output=output["MonitoringOutputs"][0]["S3Output"]["S3Uri"],
        start_offset=endpoint.get("StartTimeOffset"),
        end_offset=endpoint.get("EndTimeOffset"),
        resources=_resources(described, output.get("KmsKeyId")),
        quality=_quality(app, job_input, endpoint),
        metrics=app.get("Environment", {}).get(PUBLISH_METRICS) == "Enabled",
    )


def _resources(described: Mapping[str, Any], kms_key: str | None) -> Resources:
    cluster = described["JobResources"]["ClusterConfig"]
    network = described.get("NetworkConfig", {})
    vpc = network.get("VpcConfig", {})
    return Resources(
        instance_type=cluster["InstanceType"],
        volume_gb=cluster["VolumeSizeInGB"],
        max_runtime_seconds=described.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 0),
        kms_key=kms_key,
        subnets=tuple(vpc.get("Subnets", ())),
        security_group_ids=tuple(vpc.get("SecurityGroupIds", ())),
        enable_network_isolation=bool(network.get("EnableNetworkIsolation")),
    )


def _quality(app: Mapping[str, Any], job_input: Mapping[str, Any], endpoint: Mapping[str, Any]) -> Quality | None:
    if "GroundTruthS3Input" not in job_input:
        return None
    return Quality(
        ground_truth=job_input["GroundTruthS3Input"]["S3Uri"],
        problem_type=app.get("ProblemType", ""),
        probability_attribute=endpoint.get("ProbabilityAttribute", ""),
        threshold=float(endpoint.get("ProbabilityThresholdAttribute", 0.0)),
    )
