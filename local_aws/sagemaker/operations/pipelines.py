"""Pipelines: definitions by name, each change of which is a new version."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ConflictException, ValidationException
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.operations.client_tokens import made_before, remember
from local_aws.sagemaker.operations.pipeline_definitions import given_definition
from local_aws.sagemaker.operations.pipeline_records import (
    ALIASES,
    PIPELINE,
    VERSION,
    VERSION_ID,
    check_aliases,
    chosen_version,
    find_pipeline,
    put_version,
    versions_of,
)
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.pipeline.records import RUNNING, executions_of
from local_aws.sagemaker.store import Record, RecordNotFound

KEPT = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")
FROM_VERSION = ("PipelineDefinition", "PipelineVersionDisplayName", "PipelineVersionDescription", ALIASES)
SUMMARY = ("PipelineArn", "PipelineName", "PipelineDisplayName", "PipelineDescription", "RoleArn")
CREATING = threading.Lock()

LIST_PIPELINES = RecordListing(
    "ListPipelines",
    filters={
        "PipelineNamePrefix": lambda record, prefix: record.name.startswith(prefix),
        # AWS manages none of the pipelines here
        "ManagedBy": lambda _, manager: manager == "CUSTOMER",
    },
    descending=True,
)


@operation("CreatePipeline")
def create_pipeline(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["PipelineName"]
    with CREATING:
        earlier = made_before(context, "CreatePipeline", request)
        if earlier is not None:
            return {"PipelineArn": earlier}
        _refuse_taken(context, name)
        definition = given_definition(context, request)
        if definition is None:
            raise ValidationException(
                "Either Pipeline Definition or Pipeline Definition S3 location should be provided"
            )
        aliases = request.get(ALIASES, [])
        check_aliases(aliases, [])
        arn = context.arn(f"pipeline/{name}")
        put_version(context, name, 1, definition, aliases)
        body = {
            "PipelineDisplayName": name,
            **{member: request[member] for member in KEPT if member in request},
            **{"PipelineArn": arn, "PipelineName": name, "PipelineDefinition": definition, VERSION_ID: 1},
            **{"CreatedBy": {}, "LastModifiedBy": {}},
        }
        context.store.insert(PIPELINE, name, arn, body, "Active")
        remember(context, "CreatePipeline", request, arn)
    keep_tags(context, arn, request)
    return {"PipelineArn": arn}


@operation("UpdatePipeline")
def update_pipeline(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    pipeline = find_pipeline(context, request["PipelineName"])
    definition = given_definition(context, request)
    aliases = request.get(ALIASES, [])

    def apply(record: Record) -> tuple[str | None, dict[str, Any]]:
        body = {**record.body, **{member: request[member] for member in KEPT if member in request}}
        if definition in (None, record.body["PipelineDefinition"]):
            if aliases:
                raise ValidationException("PipelineVersionAliases are for an update that changes the definition.")
            return record.status, body
        check_aliases(aliases, versions_of(context, record))
        number = record.body[VERSION_ID] + 1
        put_version(context, record.name, number, str(definition), aliases)
        return record.status, {**body, "PipelineDefinition": definition, VERSION_ID: number}

    changed = context.store.edit(PIPELINE, pipeline.name, apply)
    return {"PipelineArn": changed.arn, VERSION_ID: changed.body[VERSION_ID]}


@operation("DescribePipeline")
def describe_pipeline(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_pipeline(context, request["PipelineName"])
    version = chosen_version(context, record, request)
    return {
        **{member: value for member, value in record.body.items() if member != VERSION_ID},
        **{member: version.body[member] for member in FROM_VERSION if member in version.body},
        "PipelineStatus": record.status,
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
        "LastRunTime": _last_run(context, record),
    }


@operation("ListPipelines")
def list_pipelines(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    def summary(record: Record) -> dict[str, Any]:
        return {
            **{member: record.body[member] for member in SUMMARY if member in record.body},
            "CreationTime": record.created,
            "LastModifiedTime": record.modified,
            "LastExecutionTime": _last_run(context, record),
        }

    return LIST_PIPELINES.answer(context.store.all(PIPELINE), request, "PipelineSummaries", summary)


@operation("DeletePipeline")
def delete_pipeline(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    pipeline = find_pipeline(context, request["PipelineName"])
    executions = executions_of(context, pipeline.arn, pipeline.created)
    running = [execution.arn for execution in executions if execution.status in RUNNING]
    if running:
        raise ConflictException(
            f"Pipeline '{pipeline.arn}' has running executions; stop them first: {', '.join(running)}"
        )
    versions = versions_of(context, pipeline)
    context.store.delete(PIPELINE, pipeline.name)
    for version in versions:
        context.store.delete(VERSION, version.name)
    return {"PipelineArn": pipeline.arn}


def _refuse_taken(context: Context, name: str) -> None:
    try:
        context.store.get(PIPELINE, name)
    except RecordNotFound:
        return
    raise ValidationException(
        f"Pipeline names must be unique within an AWS account and region. Pipeline with name ({name}) already exists."
    )


def _last_run(context: Context, pipeline: Record) -> datetime | None:
    executions = executions_of(context, pipeline.arn, pipeline.created)
    return executions[-1].created if executions else None
