"""The stack that an endpoint's monitor ends in: alarms, dashboard, topic, and the function that asks for a retraining.

Made from model_monitor/template.yaml, brought up to date with it, or left alone. boto3 only.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_monitor.names import DATA_QUALITY, MODEL_QUALITY, on_demand_name, schedule_name
from pipelines.function_archive import stage_archive
from pipelines.names import ENDPOINT_NAME, MONITOR_STACK_NAME
from pipelines.session import Target
from pipelines.source_code import read_tree
from pipelines.stacks import (
    READY,
    Sleep,
    Stack,
    Watch,
    apply_stack,
    check_parameters,
    delete_stack,
    find_stack,
    ready_stack,
    request_parameters,
    template_parameters,
)

FOLDER = Path(__file__).resolve().parent
TEMPLATE = FOLDER / "template.yaml"
FUNCTION_FOLDER = FOLDER / "request_retraining"
FUNCTION_NAME = "scones-request-retraining"
# those that this module sets; every other one is the operator's
OWN_PARAMETERS = frozenset(
    {
        *("EndpointName", "CodeBucket", "CodeKey", "StateBucket"),
        *("DataQualitySchedule", "DataQualityScheduleNow", "ModelQualitySchedule", "ModelQualityScheduleNow"),
    }
)


@dataclass(frozen=True)
class MonitorStack:
    """A deployed stack: its outputs. The alarms are names; `topic_arn` is where people subscribe."""

    name: str
    status: str
    endpoint: str
    topic_arn: str
    dashboard: str
    drift_alarm: str
    model_quality_alarm: str
    undelivered_queue_url: str


def monitor_stack_name(endpoint: str) -> str:
    """`scones-monitor` for this project's own endpoint, `scones-monitor-E` for another one E."""
    return MONITOR_STACK_NAME if endpoint == ENDPOINT_NAME else f"{MONITOR_STACK_NAME}-{endpoint}"


def deploy_monitor_stack(
    target: Target,
    endpoint: str,
    values: Mapping[str, str] | None = None,
    *,
    sleep: Sleep = time.sleep,
    watch: Watch = lambda status: None,
) -> MonitorStack:
    """Make the endpoint's stack, or bring it up to date with the template, the function's code and these parameters.

    `values` are parameters of the template by name, such as NotificationEmail, DriftThreshold, CoolDownMinutes; one
    that is not among them keeps the value that it has, or the template's default. Without a change nothing is done.
    Neither endpoint nor schedules need to be there. Raises ParameterUnknown, StackFailed.
    """
    chosen = dict(values or {})
    name, cloudformation = monitor_stack_name(endpoint), target.client("cloudformation")
    template = TEMPLATE.read_text(encoding="utf-8")
    known = template_parameters(cloudformation, template)
    check_parameters(chosen, known - OWN_PARAMETERS, "the monitor's")
    own = _own_parameters(endpoint, target.bucket, stage_function(target.client("s3"), target.bucket))
    before = find_stack(cloudformation, name)
    kept = set(before.parameters) & known if before else set()
    request = {
        "TemplateBody": template,
        "Parameters": request_parameters({**chosen, **own}, kept),
        "Capabilities": ["CAPABILITY_IAM"],
    }
    return _read(apply_stack(cloudformation, name, request, sleep=sleep, watch=watch))


def ensure_monitor_stack(
    target: Target,
    endpoint: str,
    values: Mapping[str, str] | None = None,
    *,
    sleep: Sleep = time.sleep,
    watch: Watch = lambda status: None,
) -> MonitorStack:
    """The endpoint's stack, made as `deploy_monitor_stack` does where it is missing, and else left as it is.

    Raises ParameterUnknown, StackFailed.
    """
    found = find_stack(target.client("cloudformation"), monitor_stack_name(endpoint))
    if found is not None and found.status in READY:
        return _read(found)
    return deploy_monitor_stack(target, endpoint, values, sleep=sleep, watch=watch)


def find_monitor_stack(target: Target, endpoint: str) -> MonitorStack:
    """The endpoint's stack. Raises StackMissing where there is none, or it is not in order."""
    name = monitor_stack_name(endpoint)
    missing = f"no stack {name}: `scones monitor schedule` makes it"
    return _read(ready_stack(target.client("cloudformation"), name, missing))


def delete_monitor_stack(
    target: Target, endpoint: str, *, sleep: Sleep = time.sleep, watch: Watch = lambda status: None
) -> None:
    """Delete the endpoint's stack and wait until it is gone. Raises StackMissing, StackFailed."""
    delete_stack(target.client("cloudformation"), monitor_stack_name(endpoint), sleep=sleep, watch=watch)


def stage_function(s3: Any, bucket: str) -> str:
    """Uploads the function's archive, if it is not there yet; returns its key."""
    files = {f"{FUNCTION_FOLDER.name}/{name}": content for name, content in read_tree(FUNCTION_FOLDER).items()}
    return stage_archive(s3, bucket, FUNCTION_NAME, files)


def _own_parameters(endpoint: str, bucket: str, code_key: str) -> dict[str, str]:
    return {
        "EndpointName": endpoint,
        "DataQualitySchedule": schedule_name(endpoint, DATA_QUALITY),
        "DataQualityScheduleNow": on_demand_name(endpoint, DATA_QUALITY),
        "ModelQualitySchedule": schedule_name(endpoint, MODEL_QUALITY),
        "ModelQualityScheduleNow": on_demand_name(endpoint, MODEL_QUALITY),
        "CodeBucket": bucket,
        "CodeKey": code_key,
        "StateBucket": bucket,
    }


def _read(stack: Stack) -> MonitorStack:
    outputs = stack.outputs
    return MonitorStack(
        name=stack.name,
        status=stack.status,
        endpoint=outputs["EndpointName"],
        topic_arn=outputs["TopicArn"],
        dashboard=outputs["DashboardName"],
        drift_alarm=outputs["DriftAlarmName"],
        model_quality_alarm=outputs["ModelQualityAlarmName"],
        undelivered_queue_url=outputs["UndeliveredUrl"],
    )
