"""Monitoring schedules and their job definitions. An endpoint with a schedule cannot be deleted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from model_monitor.job_definition import describe, read
from model_monitor.names import DATA_QUALITY, MODEL_QUALITY, SUFFIXES, on_demand_name, schedule_name
from pipelines.teardown.item import Item
from pipelines.teardown.missing import Sleep, is_missing, unless_missing, wait_until_missing
from pipelines.teardown.serving import is_of_group

UNDER_WAY = frozenset({"Pending", "InProgress", "Stopping"})


def schedules(sagemaker: Any, endpoint: str, sleep: Sleep = time.sleep) -> Iterator[Item]:
    """The endpoint's schedules of this project's names."""
    names = [name(endpoint, kind) for kind in SUFFIXES for name in (schedule_name, on_demand_name)]
    for name in names:
        if not _is_there(sagemaker, name):
            continue

        def delete(name: str = name) -> None:
            _stop_jobs(sagemaker, name)
            unless_missing(lambda: sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name))
            wait_until_missing(
                lambda: sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name), f"schedule {name}", sleep
            )

        yield Item("monitoring schedule", name, delete)


def job_definitions(sagemaker: Any, endpoint: str, group: str) -> Iterator[Item]:
    """The endpoint's job definitions that name a version of the group as the one whose baseline they compare with."""
    listings = {
        DATA_QUALITY: sagemaker.get_paginator("list_data_quality_job_definitions"),
        MODEL_QUALITY: sagemaker.get_paginator("list_model_quality_job_definitions"),
    }
    deletions = {
        DATA_QUALITY: sagemaker.delete_data_quality_job_definition,
        MODEL_QUALITY: sagemaker.delete_model_quality_job_definition,
    }
    for kind, listing in listings.items():
        pages = listing.paginate(EndpointName=endpoint)
        for name in [one["MonitoringJobDefinitionName"] for page in pages for one in page["JobDefinitionSummaries"]]:
            if not is_of_group(read(kind, describe(sagemaker, kind, name)).package_arn, group):
                continue

            def delete(name: str = name, deletion: Any = deletions[kind]) -> None:
                unless_missing(lambda: deletion(JobDefinitionName=name))

            yield Item("job definition", name, delete)


def _is_there(sagemaker: Any, name: str) -> bool:
    try:
        sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    except ClientError as error:
        if is_missing(error):
            return False
        raise
    return True


def _stop_jobs(sagemaker: Any, schedule: str) -> None:
    """A schedule whose job runs cannot be deleted."""
    pages = sagemaker.get_paginator("list_monitoring_executions").paginate(MonitoringScheduleName=schedule)
    for one in [one for page in pages for one in page["MonitoringExecutionSummaries"]]:
        if one["MonitoringExecutionStatus"] in UNDER_WAY and one.get("ProcessingJobArn"):
            name = one["ProcessingJobArn"].rpartition("/")[2]
            unless_missing(lambda name=name: sagemaker.stop_processing_job(ProcessingJobName=name))  # type: ignore[misc]
