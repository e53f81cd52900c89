"""Pipelines and their versions in the store.

A version is kept for each definition that a pipeline has had. Its record holds the definition and what
people named it; the pipeline's own record holds the newest definition and its number.
"""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ResourceNotFound, ValidationException
from local_aws.sagemaker.store import Record, RecordExists, RecordNotFound

PIPELINE = "Pipeline"
VERSION = "PipelineVersion"
VERSION_ID = "PipelineVersionId"
ALIASES = "PipelineVersionAliases"


def find_pipeline(context: Context, name_or_arn: str) -> Record:
    """The pipeline of this name or ARN. Raises ResourceNotFound."""
    arn = name_or_arn if name_or_arn.startswith("arn:") else context.arn(f"pipeline/{name_or_arn}")
    try:
        record = context.store.find_arn(arn)
    except RecordNotFound as error:
        raise ResourceNotFound(f"Pipeline '{arn}' does not exist.") from error
    if record.kind != PIPELINE:
        raise ResourceNotFound(f"Pipeline '{arn}' does not exist.")
    return record


def put_version(context: Context, pipeline_name: str, number: int, definition: str, aliases: list[str]) -> None:
    """Keep a definition as the pipeline's version of this number, from 1 up.

    Call it before the pipeline's record says that it has this version: what a killed process leaves of an
    unfinished change is then a version that no pipeline knows, and the next change replaces it.
    """
    arn = context.arn(f"pipeline/{pipeline_name}")
    body: dict[str, Any] = {"PipelineArn": arn, VERSION_ID: number, "PipelineDefinition": definition}
    if aliases:
        body[ALIASES] = aliases
    name = _name(pipeline_name, number)
    try:
        context.store.insert(VERSION, name, f"{arn}/version/{number}", body)
    except RecordExists:
        context.store.delete(VERSION, name)
        context.store.insert(VERSION, name, f"{arn}/version/{number}", body)


def find_version(context: Context, pipeline: Record, number: int) -> Record:
    """The pipeline's version of this number. Raises ResourceNotFound."""
    try:
        return context.store.get(VERSION, _name(pipeline.name, number))
    except RecordNotFound as error:
        raise ResourceNotFound(f"Version {number} of pipeline '{pipeline.arn}' does not exist.") from error


def chosen_version(context: Context, pipeline: Record, request: dict[str, Any]) -> Record:
    """The version of a request's PipelineVersionId or PipelineVersionAlias, the newest where it has none.

    Raises ResourceNotFound, and ValidationException where it names both.
    """
    number, alias = request.get(VERSION_ID), request.get("PipelineVersionAlias")
    if number is not None and alias is not None:
        raise ValidationException("You can't specify both PipelineVersionId and PipelineVersionAlias.")
    if alias is None:
        return find_version(context, pipeline, number or pipeline.body[VERSION_ID])
    for version in versions_of(context, pipeline):
        if alias in version.body.get(ALIASES, []):
            return version
    raise ResourceNotFound(f"No version of pipeline '{pipeline.arn}' has the alias '{alias}'.")


def versions_of(context: Context, pipeline: Record) -> list[Record]:
    """All versions of the pipeline, oldest first."""
    return [one for one in context.store.all(VERSION) if one.body["PipelineArn"] == pipeline.arn]


def check_aliases(aliases: list[str], versions: list[Record]) -> None:
    """Raises ValidationException for aliases of digits only, given twice, or taken by one of the versions."""
    taken = {alias: one.body[VERSION_ID] for one in versions for alias in one.body.get(ALIASES, [])}
    for alias in aliases:
        if alias.isdigit():
            raise ValidationException(f"The alias '{alias}' consists of numbers only.")
        if aliases.count(alias) > 1:
            raise ValidationException(f"The alias '{alias}' is given twice.")
        if alias in taken:
            raise ValidationException(f"The alias '{alias}' belongs to version {taken[alias]}; remove it there first.")


def _name(pipeline_name: str, number: int) -> str:
    return f"{pipeline_name}/{number}"
