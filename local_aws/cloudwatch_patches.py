"""What of moto's CloudWatch is replaced: everything on metrics and alarms. Dashboards and tags are moto's still.

moto keeps every datum in one list for ever and searches all of it for every question, gives no percentiles, no
metric math and no pages, takes no unit or period for what they are, calls an unknown alarm OK and never evaluates
one, and answers operations that it does not have with status 500.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import moto
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import TYPE_RESPONSE, ActionResult
from moto.core.utils import camelcase_to_underscores

from local_aws.alarms import Alarms
from local_aws.cloudwatch import alarm_actions, alarm_operations, put_metric_data, reading
from local_aws.metrics import Metrics
from local_aws.moto_patches import MOTO_VERSION, MotoVersionMismatch
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.validation import validate_shape
from local_aws.service_shapes import input_shape

Answer = Callable[[dict[str, Any]], dict[str, Any]]

LEFT_TO_MOTO = frozenset(
    {
        "PutDashboard",
        "GetDashboard",
        "ListDashboards",
        "DeleteDashboards",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "EnableAlarmActions",
        "DisableAlarmActions",
    }
)


class Unsupported(ServiceException):
    """An operation of CloudWatch that is not offered here."""

    code = "UnknownOperationException"


def install(backend: CloudWatchBackend, metrics: Metrics, alarms: Alarms) -> None:
    """Let moto's API answer from `metrics` and `alarms`, whatever the client's region. Raises MotoVersionMismatch."""
    if moto.__version__ != MOTO_VERSION:
        raise MotoVersionMismatch(f"local_aws needs moto {MOTO_VERSION}, found {moto.__version__}.")
    answers = _answers(backend, metrics, alarms)
    moto_action = CloudWatchResponse.call_action

    def call_action(response: CloudWatchResponse) -> TYPE_RESPONSE:
        action = response._get_action()
        if action in answers or action in LEFT_TO_MOTO:
            return moto_action(response)
        refused = Unsupported(f"{action} is not supported by this local AWS.")
        status, headers, body = response.serialized(ActionResult(refused))
        return status, {**headers, "status": status}, body

    CloudWatchResponse.call_action = call_action  # type: ignore[method-assign, assignment]
    CloudWatchResponse.cloudwatch_backend = property(lambda _: backend)  # type: ignore[assignment, method-assign]
    for action, answer in answers.items():
        setattr(CloudWatchResponse, camelcase_to_underscores(action), _method(action, answer))


def _answers(backend: CloudWatchBackend, metrics: Metrics, alarms: Alarms) -> dict[str, Answer]:
    def put(request: dict[str, Any]) -> dict[str, Any]:
        metrics.add(put_metric_data.measured(request, metrics.now()))
        return {}

    def put_alarm(request: dict[str, Any]) -> dict[str, Any]:
        check_actions(request)
        alarms.put(request)
        return {}

    def put_composite_alarm(request: dict[str, Any]) -> dict[str, Any]:
        check_actions(request)
        alarms.put_composite(request)
        return {}

    def check_actions(request: dict[str, Any]) -> None:
        before = backend.alarms.get(request["AlarmName"])
        present = alarm_actions.actions_of(before) if before else ()
        alarm_actions.check_actions(request, backend.region_name, present)

    return {
        "PutMetricData": put,
        "GetMetricStatistics": lambda request: reading.get_metric_statistics(metrics, request),
        "GetMetricData": lambda request: reading.get_metric_data(metrics, request),
        "ListMetrics": lambda request: reading.list_metrics(metrics, request),
        "PutMetricAlarm": put_alarm,
        "PutCompositeAlarm": put_composite_alarm,
        "DeleteAlarms": lambda request: alarm_operations.delete_alarms(alarms, backend, request),
        "SetAlarmState": lambda request: alarm_operations.set_alarm_state(alarms, request),
        "DescribeAlarms": lambda request: alarm_operations.describe_alarms(backend, request),
        "DescribeAlarmsForMetric": lambda request: alarm_operations.describe_alarms_for_metric(backend, request),
        "DescribeAlarmHistory": lambda request: alarm_operations.describe_alarm_history(backend, request),
    }


def _method(action: str, answer: Answer) -> Callable[[CloudWatchResponse], ActionResult]:
    def method(response: CloudWatchResponse) -> ActionResult:
        request = _aware(dict(response.params))
        try:
            validate_shape(input_shape("cloudwatch", action), request)
        except ServiceError as error:
            raise ValidationError(error.message) from error
        return ActionResult(answer(request))

    return method


def _aware(value: Any) -> Any:
    """moto reads moments as UTC without saying so."""
    if isinstance(value, dict):
        return {key: _aware(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_aware(member) for member in value]
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=timezone.utc)
    return value
