"""Definitions of data quality monitoring: CreateDataQualityJobDefinition, Describe, List, Delete."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.monitoring.records import DATA_QUALITY
from local_aws.sagemaker.operations.job_definitions import JobDefinitions

DEFINITIONS = JobDefinitions(DATA_QUALITY, "data-quality-job-definition")
LISTING = DEFINITIONS.listing()


@operation("CreateDataQualityJobDefinition")
def create_data_quality_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return DEFINITIONS.create(context, request)


@operation("DescribeDataQualityJobDefinition")
def describe_data_quality_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return DEFINITIONS.describe(context, request)


@operation("ListDataQualityJobDefinitions")
def list_data_quality_job_definitions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return DEFINITIONS.list(context, request, LISTING)


@operation("DeleteDataQualityJobDefinition")
def delete_data_quality_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return DEFINITIONS.delete(context, request)
