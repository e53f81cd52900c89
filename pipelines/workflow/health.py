"""How a deployed workflow does: executions, queues, alarms, endpoint; read from the services. boto3 only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipelines.live_endpoint import EndpointMissing, describe_endpoint
from pipelines.session import Target
from pipelines.stacks import StackResource, resources
from pipelines.workflow.stack import require_stack

MISSING = "Missing"
PERIOD_SECONDS = 60
COUNTS = {"started": "ExecutionsStarted", "succeeded": "ExecutionsSucceeded", "failed": "ExecutionsFailed"}


@dataclass(frozen=True)
class StateMachineHealth:
    """Executions of a state machine: those of the last minutes, and those that run now.

    `not_sure` is how many of those that failed did so because the model was not sure enough.
    """

    name: str
    started: int
    succeeded: int
    failed: int
    not_sure: int
    running: int


@dataclass(frozen=True)
class QueueHealth:
    """A queue by its logical id in the template; counts are SQS's approximate ones."""

    name: str
    waiting: int
    in_flight: int


@dataclass(frozen=True)
class AlarmHealth:
    """An alarm by its logical id in the template; `state` and `reason` are CloudWatch's."""

    name: str
    state: str
    reason: str


@dataclass(frozen=True)
class WorkflowHealth:
    """A workflow: `status` is its stack's, `endpoint_status` SageMaker's, or Missing."""

    stack: str
    status: str
    bucket: str
    endpoint: str
    endpoint_status: str
    minutes: int
    state_machines: tuple[StateMachineHealth, ...]
    queues: tuple[QueueHealth, ...]
    alarms: tuple[AlarmHealth, ...]


def look_at(target: Target, name: str, minutes: int, now: datetime) -> WorkflowHealth:
    """The workflow of this stack; executions are those of the last `minutes` until `now`. Raises StackMissing."""
    stack = require_stack(target, name)
    held = resources(target.client("cloudformation"), name)
    end = now.replace(second=0, microsecond=0) + timedelta(seconds=PERIOD_SECONDS)
    window = (end - timedelta(minutes=minutes), end)
    return WorkflowHealth(
        stack=name,
        status=stack.status,
        bucket=stack.outputs.get("ImageBucketName", ""),
        endpoint=stack.parameters["EndpointName"],
        endpoint_status=_endpoint_status(target.client("sagemaker"), stack.parameters["EndpointName"]),
        minutes=minutes,
        state_machines=tuple(
            _executions(target, name, one, window) for one in _of(held, "StepFunctions::StateMachine")
        ),
        queues=tuple(_queue(target.client("sqs"), one) for one in _of(held, "SQS::Queue")),
        alarms=_alarms(target.client("cloudwatch"), _of(held, "CloudWatch::Alarm")),
    )


def _of(held: list[StackResource], kind: str) -> list[StackResource]:
    return [one for one in held if one.type == f"AWS::{kind}" and one.physical_id]


def _endpoint_status(sagemaker: Any, name: str) -> str:
    try:
        return describe_endpoint(sagemaker, name).status
    except EndpointMissing:
        return MISSING


def _executions(
    target: Target, stack: str, machine: StackResource, window: tuple[datetime, datetime]
) -> StateMachineHealth:
    arn = machine.physical_id
    name = arn.rpartition(":")[2]
    counted = {
        key: _metric(key, "AWS/States", metric, {"StateMachineArn": arn}, window) for key, metric in COUNTS.items()
    }
    doubts = {"service": f"{stack}-filter-low-confidence", "state_machine": name}
    counted["not_sure"] = _metric("not_sure", "Scones", "LowConfidence", doubts, window)
    answer = target.client("cloudwatch").get_metric_data(
        StartTime=window[0], EndTime=window[1], MetricDataQueries=list(counted.values())
    )
    found = {result["Id"]: int(sum(result["Values"])) for result in answer["MetricDataResults"]}
    pages = (
        target.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=arn, statusFilter="RUNNING")
    )
    running = sum(len(page["executions"]) for page in pages)
    return StateMachineHealth(name=name, running=running, **{key: found.get(key, 0) for key in counted})


def _metric(
    key: str, namespace: str, name: str, dimensions: Mapping[str, str], window: tuple[datetime, datetime]
) -> dict[str, Any]:
    pairs = [{"Name": dimension, "Value": value} for dimension, value in dimensions.items()]
    return {
        "Id": key,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": pairs},
            "Period": int((window[1] - window[0]).total_seconds()),
            "Stat": "Sum",
        },
    }


def _queue(sqs: Any, queue: StackResource) -> QueueHealth:
    waiting, in_flight = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
    found = sqs.get_queue_attributes(QueueUrl=queue.physical_id, AttributeNames=[waiting, in_flight])["Attributes"]
    return QueueHealth(queue.logical_id, int(found[waiting]), int(found[in_flight]))


def _alarms(cloudwatch: Any, alarms: list[StackResource]) -> tuple[AlarmHealth, ...]:
    if not alarms:
        return ()
    found = cloudwatch.describe_alarms(AlarmNames=[one.physical_id for one in alarms])["MetricAlarms"]
    states = {alarm["AlarmName"]: alarm for alarm in found}
    return tuple(
        AlarmHealth(
            one.logical_id,
            states[one.physical_id]["StateValue"],
            states[one.physical_id].get("StateReason", ""),
        )
        for one in alarms
        if one.physical_id in states
    )
