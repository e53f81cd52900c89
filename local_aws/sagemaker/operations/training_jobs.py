"""Training jobs: CreateTrainingJob, Describe, List, Stop, Delete."""

from __future__ import annotations

import re
from typing import Any

from local_aws.images import Algorithm, require_image
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.jobs import transitions
from local_aws.sagemaker.jobs.lifecycle import (
    DEFAULT_MAX_RUNTIME_SECONDS,
    JobKind,
    refuse,
    refuse_foreign_uri,
    refuse_missing_input,
)
from local_aws.sagemaker.jobs.path_mapping import PathOutside, relative_to_root
from local_aws.sagemaker.jobs.training import model_artifacts
from local_aws.sagemaker.listing import RecordListing

JOBS = JobKind("TrainingJob", "training-job", "training job")
LISTING = RecordListing(
    operation="ListTrainingJobs",
    descending=True,
    filters={
        # no job here has a warm pool: asking for one finds none
        "WarmPoolStatusEquals": lambda record, status: record.body.get("WarmPoolStatus") == status,
        "TrainingPlanArnEquals": lambda record, arn: record.body["ResourceConfig"].get("TrainingPlanArn") == arn,
    },
)
GPU_INSTANCE = re.compile(r"ml\.[gp]\d")
UNSUPPORTED = ("ServerlessJobConfig", "SessionChainingConfig", "MlflowConfig", "ModelPackageConfig")


@operation("CreateTrainingJob")
def create_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    for member in UNSUPPORTED:
        refuse(member in request, f"{member} is not supported here.")
    _refuse_unsupported_algorithm(request)
    _refuse_unsupported_resources(request.get("ResourceConfig") or {})
    refuse_foreign_uri("OutputDataConfig", request["OutputDataConfig"]["S3OutputPath"])
    if checkpoints := request.get("CheckpointConfig"):
        refuse_foreign_uri("CheckpointConfig", checkpoints["S3Uri"])
        _refuse_foreign_path(checkpoints.get("LocalPath", "/opt/ml/checkpoints"))
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
    refuse(len(set(names)) < len(names), f"The channel names {names} are not unique.")
    for channel in request.get("InputDataConfig", []):
        _refuse_unsupported_channel(context, channel, request["RoleArn"])
    _define_metrics(request["AlgorithmSpecification"])
    stopping = {
        "MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS,
        **(request.get("StoppingCondition") or {}),
    }
    body = transitions.entered({}, "Starting", context.now())
    artifacts = {"S3ModelArtifacts": model_artifacts(request)}
    return JOBS.accept(context, request, StoppingCondition=stopping, ModelArtifacts=artifacts, **body)


@operation("DescribeTrainingJob")
def describe_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = JOBS.find(context, request["TrainingJobName"])
    return {**JOBS.describe(context, request), "LastModifiedTime": record.modified}


@operation("ListTrainingJobs")
def list_training_jobs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    records = context.store.all(JOBS.kind)
    return LISTING.answer(
        records,
        request,
        "TrainingJobSummaries",
        lambda record: JOBS.summary(record, "TrainingEndTime", "SecondaryStatus"),
    )


@operation("StopTrainingJob")
def stop_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = JOBS.mark_stopping(context, request["TrainingJobName"])
    moment = context.now()
    context.store.edit(
        JOBS.kind,
        record.name,
        lambda present: (present.status, transitions.entered(present.body, "Stopping", moment)),
    )
    context.workers["jobs"].stop(JOBS.kind, record.name)
    return {}


@operation("DeleteTrainingJob")
def delete_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return JOBS.delete(context, request)


def _refuse_unsupported_algorithm(request: dict[str, Any]) -> None:
    algorithm = request.get("AlgorithmSpecification") or {}
    refuse(
        "AlgorithmName" in algorithm,
        "AlgorithmSpecification.AlgorithmName is not supported here, TrainingImage is.",
    )
    refuse("TrainingImage" not in algorithm, "AlgorithmSpecification.TrainingImage is required.")
    entrypoint = algorithm.get("ContainerEntrypoint")
    image = require_image(algorithm["TrainingImage"], None if entrypoint else "train")
    if image.algorithm is not None:
        _refuse_unsuitable_for(image.repository, image.algorithm, request)
    refuse(
        bool(algorithm.get("ContainerArguments")) and not entrypoint,
        "AlgorithmSpecification.ContainerArguments are supported here with a ContainerEntrypoint only.",
    )
    _refuse_streaming("AlgorithmSpecification.TrainingInputMode", algorithm["TrainingInputMode"])
    for definition in algorithm.get("MetricDefinitions", []):
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise ValidationException(
                f"The Regex {definition['Regex']} of the metric {definition['Name']} is not a regular "
                f"expression: {error}."
            ) from error


def _refuse_unsuitable_for(repository: str, algorithm: Algorithm, request: dict[str, Any]) -> None:
    """What the service refuses of a job of a built-in algorithm."""
    refuse(
        bool(request["AlgorithmSpecification"].get("MetricDefinitions")),
        "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request without "
        "specifying metric definitions.",
    )
    instance_type = (request.get("ResourceConfig") or {}).get("InstanceType", "")
    refuse(
        algorithm.needs_gpu and bool(instance_type) and not GPU_INSTANCE.match(instance_type),
        f"Instance type {instance_type} is not supported by algorithm {repository}; only GPU instances are supported.",
    )


def _define_metrics(specification: dict[str, Any]) -> None:
    """A built-in algorithm has its own metric definitions: DescribeTrainingJob shows them."""
    if algorithm := require_image(specification["TrainingImage"]).algorithm:
        specification["MetricDefinitions"] = [
            {"Name": name, "Regex": regex} for name, regex in algorithm.metric_definitions
        ]


def _refuse_unsupported_resources(resources: dict[str, Any]) -> None:
    refuse("InstanceGroups" in resources, "ResourceConfig.InstanceGroups is not supported here, InstanceType is.")
    refuse("InstanceType" not in resources, "ResourceConfig.InstanceType is required.")
    refuse(
        resources.get("InstanceCount", 1) != 1,
        f"ResourceConfig.InstanceCount {resources.get('InstanceCount')} is not supported here: training "
        "runs on one instance.",
    )


def _refuse_unsupported_channel(context: Context, channel: dict[str, Any], role: str) -> None:
    name = channel["ChannelName"]
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise ValidationException(
            f"Channel {name}: only S3DataSource is supported here (no EFS, no FSx, no DatasetSource)."
        )
    refuse(
        source["S3DataType"] not in ("S3Prefix", "ManifestFile"),
        f"Channel {name}: S3DataType {source['S3DataType']} is not supported here, S3Prefix and ManifestFile are.",
    )
    _refuse_streaming(f"Channel {name}: InputMode", channel.get("InputMode", "File"))
    refuse(
        channel.get("RecordWrapperType", "None") != "None",
        f"Channel {name}: RecordWrapperType RecordIO is not supported here (it needs Pipe mode).",
    )
    refuse(
        "ShuffleConfig" in channel,
        f"Channel {name}: ShuffleConfig is not supported here (it needs Pipe mode).",
    )
    refuse("InstanceGroupNames" in source, f"Channel {name}: InstanceGroupNames is not supported here.")
    refuse_foreign_uri(f"Channel {name}", source["S3Uri"])
    refuse_missing_input(context, source["S3Uri"], role)


def _refuse_streaming(what: str, mode: str) -> None:
    # FastFile shows the same files as File, fetched when they are read
    refuse(mode == "Pipe", f"{what} Pipe is not supported here, File and FastFile are.")


def _refuse_foreign_path(path: str) -> None:
    try:
        relative_to_root(path)
    except PathOutside as error:
        raise ValidationException(f"CheckpointConfig.LocalPath: {error}, which is not supported here.") from error
