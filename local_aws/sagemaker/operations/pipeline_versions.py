"""Versions of pipelines: listing them, and giving them names."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.operations.pipeline_records import (
    ALIASES,
    VERSION,
    VERSION_ID,
    check_aliases,
    find_pipeline,
    find_version,
    versions_of,
)
from local_aws.sagemaker.pipeline.records import executions_of
from local_aws.sagemaker.store import Record

NAMES = ("PipelineVersionDisplayName", "PipelineVersionDescription")
SUMMARY = ("PipelineArn", VERSION_ID, *NAMES, ALIASES)
MOST_ALIASES = 10

LIST_PIPELINE_VERSIONS = RecordListing(
    "ListPipelineVersions",
    sort_keys={"CreationTime": lambda version: version.body[VERSION_ID]},
    scope=("PipelineName",),
    descending=True,
)


@operation("ListPipelineVersions")
def list_pipeline_versions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    pipeline = find_pipeline(context, request["PipelineName"])
    executions = executions_of(context, pipeline.arn, pipeline.created)
    last_runs = {execution.body.get(VERSION_ID): execution.arn for execution in executions}

    def summary(version: Record) -> dict[str, Any]:
        return {
            **{member: version.body[member] for member in SUMMARY if member in version.body},
            "CreationTime": version.created,
            "LastExecutionPipelineExecutionArn": last_runs.get(version.body[VERSION_ID]),
        }

    versions = versions_of(context, pipeline)
    return LIST_PIPELINE_VERSIONS.answer(versions, request, "PipelineVersionSummaries", summary)


@operation("UpdatePipelineVersion")
def update_pipeline_version(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    pipeline = find_pipeline(context, request["PipelineArn"])
    version = find_version(context, pipeline, request[VERSION_ID])
    changes: dict[str, Any] = {member: request[member] for member in NAMES if member in request}
    if "PipelineVersionAliasOperations" in request:
        operations = request["PipelineVersionAliasOperations"]
        changes[ALIASES] = _changed_aliases(version, versions_of(context, pipeline), operations)
    context.store.update(VERSION, version.name, **changes)
    return {"PipelineArn": pipeline.arn, VERSION_ID: request[VERSION_ID]}


def _changed_aliases(version: Record, versions: list[Record], operations: dict[str, Any]) -> list[str]:
    present, wanted, removed = (
        version.body.get(ALIASES, []),
        operations.get("Add", []),
        operations.get("Remove", []),
    )
    both = sorted(set(wanted) & set(removed))
    if both:
        raise ValidationException(f"An alias can't be both added and removed: {', '.join(both)}")
    added = [alias for alias in wanted if alias not in present]
    check_aliases(added, versions)
    aliases = [alias for alias in [*present, *added] if alias not in removed]
    if len(aliases) > MOST_ALIASES:
        raise ValidationException(f"The version would have {len(aliases)} aliases; it can have {MOST_ALIASES}.")
    return aliases
