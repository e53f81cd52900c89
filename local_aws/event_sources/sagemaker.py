"""SageMaker's events. They hang on the store: whoever changes a record, and for whatever reason, is told of.

What is to be told is kept in the transaction that makes the change, and told from there: not before the change is on
disk, and not never, where the server ends in between.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from local_aws.event_sources import pipeline_details, sagemaker_details
from local_aws.periodic import Periodic
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.records import ENDPOINT
from local_aws.sagemaker.operations.model_packages import KIND as MODEL_PACKAGE
from local_aws.sagemaker.pipeline import records
from local_aws.sagemaker.pipeline.definition import parse_definition
from local_aws.sagemaker.store import Record

LOGGER = logging.getLogger(__name__)

SOURCE = "aws.sagemaker"
JOBS = {
    "ProcessingJob": "SageMaker Processing Job State Change",
    "TrainingJob": "SageMaker Training Job State Change",
    "TransformJob": "SageMaker Transform Job State Change",
}
# a change wakes the source at once; this is how long it takes to try again
SECONDS_BETWEEN_LOOKS = 30.0
EXECUTIONS_REMEMBERED = 64

Message = dict[str, Any]


class SageMakerEvents:
    """Tells from its own thread, woken by every change."""

    def __init__(self, context: Context) -> None:
        """From now on every change is kept to be told; uses the context's `events` once it is begun."""
        self._context = context
        self._store = context.store
        self._periodic = Periodic("sagemaker events", SECONDS_BETWEEN_LOOKS, self.tell)
        self._step_types = lru_cache(EXECUTIONS_REMEMBERED)(self._read_step_types)
        self._store.tell(self.messages, self._periodic.wake)

    def messages(self, before: Record | None, after: Record) -> Iterator[Message]:
        """What is to be told of a change of a record."""
        kind = after.kind
        if kind in JOBS and _stage(before) != _stage(after):
            yield _message(JOBS[kind], sagemaker_details.job(after, self._store.tags(after.arn)), after)
        elif kind == ENDPOINT and (before is None or before.status != after.status):
            detail = sagemaker_details.endpoint(after, self._store.tags(after.arn))
            yield _message("SageMaker Endpoint State Change", detail, after)
        elif kind == MODEL_PACKAGE and _is_another_package(before, after):
            detail = sagemaker_details.model_package(before, after)
            yield _message("SageMaker Model Package State Change", detail, after)
        elif kind == records.EXECUTION and (before is None or before.status != after.status):
            detail = pipeline_details.execution(before, after)
            about = pipeline_details.resources(after.arn)
            yield _message("SageMaker Model Building Pipeline Execution Status Change", detail, after, about)
        elif kind == records.STEPS:
            for detail in pipeline_details.steps(before, after, lambda name: self._step_types(after.name)[name]):
                about = pipeline_details.resources(detail["pipelineExecutionArn"])
                yield _message("SageMaker Model Building Pipeline Execution Step Status Change", detail, after, about)

    def tell(self) -> None:
        """Tell EventBridge what is kept."""
        for number, message in self._store.untold():
            moment = datetime.fromisoformat(message["time"])
            self._context.events.publish(
                SOURCE, message["detail_type"], message["detail"], message["resources"], moment
            )
            self._store.told(number)

    def recover(self) -> None:
        """Begin, with what an earlier process left untold."""
        self._periodic.start()
        self._periodic.wake()

    def shutdown(self) -> None:
        """End; what happens from now on is told by the next process."""
        self._periodic.stop()

    def _read_step_types(self, execution_id: str) -> dict[str, str]:
        definition = parse_definition(records.read_input(self._store, execution_id).definition)
        return {name: step.type for name, step in definition.steps.items()}


def _stage(record: Record | None) -> tuple[str | None, Any] | None:
    """The status of a job, with the secondary one that training jobs have."""
    return (record.status, record.body.get("SecondaryStatus")) if record else None


def _is_another_package(before: Record | None, after: Record) -> bool:
    return before is None or before.status != after.status or bool(sagemaker_details.updated_fields(before, after))


def _message(detail_type: str, detail: dict[str, Any], after: Record, resources: list[str] | None = None) -> Message:
    return {
        "detail_type": detail_type,
        "detail": detail,
        "resources": resources or [after.arn],
        "time": after.modified.isoformat(),
    }
