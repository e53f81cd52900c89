"""Processing jobs: CreateProcessingJob, Describe, List, Stop, Delete."""

from __future__ import annotations

from typing import Any

from local_aws.images import require_image
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.jobs.lifecycle import (
    DEFAULT_MAX_RUNTIME_SECONDS,
    JobKind,
    refuse,
    refuse_foreign_uri,
)
from local_aws.sagemaker.jobs.path_mapping import PathOutside, relative_to_root
from local_aws.sagemaker.listing import RecordListing

JOBS = JobKind("ProcessingJob", "processing-job", "processing job")
LISTING = RecordListing(operation="ListProcessingJobs", descending=True)
LOCAL_PATH_ROOT = "/opt/ml/processing"
MOST_INSTANCES = 8


@operation("CreateProcessingJob")
def create_processing_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    application = request["AppSpecification"]
    image = require_image(application["ImageUri"])
    refuse(
        not application.get("ContainerEntrypoint") and "process" not in image.commands,
        f"AppSpecification.ContainerEntrypoint is required here: the image {image.repository} of this local AWS "
        "has none of its own for processing.",
    )
    cluster = request["ProcessingResources"]["ClusterConfig"]
    refuse(
        not cluster.get("InstanceType"),
        "ProcessingResources.ClusterConfig.InstanceType is required: instance preferences are not supported here.",
    )
    refuse(
        cluster.get("InstanceCount", 1) > MOST_INSTANCES,
        f"InstanceCount {cluster.get('InstanceCount')} is more than the {MOST_INSTANCES} containers that "
        "one job may have on this machine.",
    )
    for source in request.get("ProcessingInputs", []):
        _refuse_unsupported_input(source)
    for target in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
        _refuse_unsupported_output(target)
    _refuse_shared_folders(request)
    stopping = request.get("StoppingCondition") or {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS}
    return JOBS.accept(context, request, StoppingCondition=stopping)


@operation("DescribeProcessingJob")
def describe_processing_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = JOBS.find(context, request["ProcessingJobName"])
    return {**JOBS.describe(context, request), "LastModifiedTime": record.modified}


@operation("ListProcessingJobs")
def list_processing_jobs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    records = context.store.all(JOBS.kind)
    members = ("ProcessingEndTime", "FailureReason", "ExitMessage")
    return LISTING.answer(records, request, "ProcessingJobSummaries", lambda record: JOBS.summary(record, *members))


@operation("StopProcessingJob")
def stop_processing_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return JOBS.stop(context, request)


@operation("DeleteProcessingJob")
def delete_processing_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return JOBS.delete(context, request)


def _refuse_unsupported_input(source: dict[str, Any]) -> None:
    name = source["InputName"]
    refuse(
        "DatasetDefinition" in source,
        f"Processing input {name}: DatasetDefinition (Athena, Redshift) is not supported here, S3Input is.",
    )
    if source.get("AppManaged"):
        return
    refuse("S3Input" not in source, f"Processing input {name}: S3Input is required.")
    s3_input = source["S3Input"]
    refuse(
        s3_input.get("S3InputMode", "File") != "File",
        f"Processing input {name}: S3InputMode Pipe is not supported here, File is.",
    )
    refuse(
        s3_input.get("S3CompressionType", "None") != "None",
        f"Processing input {name}: S3CompressionType Gzip can only be used with S3InputMode Pipe, which is "
        "not supported here.",
    )
    refuse_foreign_uri(f"Processing input {name}", s3_input["S3Uri"])
    _refuse_foreign_path(f"Processing input {name}", s3_input.get("LocalPath"))


def _refuse_unsupported_output(target: dict[str, Any]) -> None:
    name = target["OutputName"]
    refuse("FeatureStoreOutput" in target, f"Processing output {name}: FeatureStoreOutput is not supported here.")
    if target.get("AppManaged"):
        return
    refuse("S3Output" not in target, f"Processing output {name}: S3Output is required.")
    refuse_foreign_uri(f"Processing output {name}", target["S3Output"]["S3Uri"])
    _refuse_foreign_path(f"Processing output {name}", target["S3Output"].get("LocalPath"))


def _refuse_foreign_path(what: str, path: str | None) -> None:
    refuse(path is None, f"{what}: LocalPath is required.")
    try:
        inside = relative_to_root(path or "").is_relative_to("processing")
    except PathOutside:
        inside = False
    refuse(not inside, f"{what}: LocalPath {path} must begin with {LOCAL_PATH_ROOT}/.")


def _refuse_shared_folders(request: dict[str, Any]) -> None:
    used: dict[str, str] = {}
    for source in request.get("ProcessingInputs", []):
        path = (source.get("S3Input") or {}).get("LocalPath", "").rstrip("/")
        other = used.setdefault(path, source["InputName"]) if path else source["InputName"]
        refuse(
            other != source["InputName"],
            f"Processing inputs {other} and {source['InputName']} have the same LocalPath {path}.",
        )
