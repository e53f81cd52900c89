"""Executions that run and the pipelines: what makes new things has to go before the things."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from pipelines.teardown.item import Item
from pipelines.teardown.missing import Sleep, is_missing, unless_missing, wait_until

RUNNING = frozenset({"Executing", "Stopping"})


def running_executions(sagemaker: Any, pipelines: tuple[str, ...], sleep: Sleep = time.sleep) -> Iterator[Item]:
    """Executions of the pipelines that have not ended, to be stopped."""
    for pipeline in pipelines:
        for arn in _running(sagemaker, pipeline):

            def stop(arn: str = arn) -> None:
                unless_missing(lambda: _stop(sagemaker, arn))
                wait_until(lambda: _has_ended(sagemaker, arn), f"execution {arn}", sleep)

            yield Item("running execution", arn, stop, "is stopped")


def registered_pipelines(sagemaker: Any, pipelines: tuple[str, ...]) -> Iterator[Item]:
    """The pipelines, with the history of their executions."""
    for pipeline in pipelines:
        try:
            sagemaker.describe_pipeline(PipelineName=pipeline)
        except ClientError as error:
            if not is_missing(error):
                raise
            continue

        def delete(name: str = pipeline) -> None:
            unless_missing(lambda: sagemaker.delete_pipeline(PipelineName=name))

        yield Item("pipeline", pipeline, delete, "with the history of its executions")


def _running(sagemaker: Any, pipeline: str) -> list[str]:
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline)
    try:
        found = [one for page in pages for one in page["PipelineExecutionSummaries"]]
    except ClientError as error:
        if is_missing(error):
            return []
        raise
    return [one["PipelineExecutionArn"] for one in found if one["PipelineExecutionStatus"] in RUNNING]


def _stop(sagemaker: Any, arn: str) -> None:
    if sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Executing":
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)


def _has_ended(sagemaker: Any, arn: str) -> bool:
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    return found["PipelineExecutionStatus"] not in RUNNING
