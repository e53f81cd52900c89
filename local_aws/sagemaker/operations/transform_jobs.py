"""Transform jobs: CreateTransformJob, Describe, List, Stop."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.jobs.lifecycle import JobKind, refuse, refuse_foreign_uri, refuse_missing_input
from local_aws.sagemaker.jobs.model_container import resolve_model
from local_aws.sagemaker.jobs.transform import DEFAULT_MAX_PAYLOAD_MB, unsupported
from local_aws.sagemaker.listing import RecordListing

JOBS = JobKind("TransformJob", "transform-job", "transform job")
LISTING = RecordListing(operation="ListTransformJobs", descending=True)
LARGEST_PAYLOADS_MB = 100


@operation("CreateTransformJob")
def create_transform_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    resolve_model(context, request["ModelName"])
    refuse(bool(unsupported(request)), unsupported(request))
    payload = request.get("MaxPayloadInMB", DEFAULT_MAX_PAYLOAD_MB)
    concurrency = request.get("MaxConcurrentTransforms") or 1
    refuse(
        payload * concurrency > LARGEST_PAYLOADS_MB,
        f"The product of MaxConcurrentTransforms and MaxPayloadInMB must not exceed {LARGEST_PAYLOADS_MB} "
        "MB, "
        f"and is {payload * concurrency} MB.",
    )
    refuse_foreign_uri("TransformOutput", request["TransformOutput"]["S3OutputPath"])
    source = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    refuse_foreign_uri("TransformInput", source)
    model = context.call("DescribeModel", {"ModelName": request["ModelName"]})
    refuse_missing_input(context, source, model.get("ExecutionRoleArn", ""))
    return JOBS.accept(context, request)


@operation("DescribeTransformJob")
def describe_transform_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return JOBS.describe(context, request)


@operation("ListTransformJobs")
def list_transform_jobs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    records = context.store.all(JOBS.kind)
    members = ("TransformEndTime", "FailureReason")
    return LISTING.answer(records, request, "TransformJobSummaries", lambda record: JOBS.summary(record, *members))


@operation("StopTransformJob")
def stop_transform_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return JOBS.stop(context, request)
