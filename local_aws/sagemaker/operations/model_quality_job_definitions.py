"""Definitions of model quality monitoring: CreateModelQualityJobDefinition, Describe, List, Delete."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.monitoring.records import MODEL_QUALITY
from local_aws.sagemaker.operations.job_definitions import JobDefinitions

DEFINITIONS = JobDefinitions(MODEL_QUALITY, "model-quality-job-definition")
LISTING = DEFINITIONS.listing()


@operation("CreateModelQualityJobDefinition")
def create_model_quality_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return DEFINITIONS.create(context, request)


@operation("DescribeModelQualityJobDefinition")
def describe_model_quality_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return DEFINITIONS.describe(context, request)


@operation("ListModelQualityJobDefinitions")
def list_model_quality_job_definitions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return DEFINITIONS.list(context, request, LISTING)


@operation("DeleteModelQualityJobDefinition")
def delete_model_quality_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return DEFINITIONS.delete(context, request)
