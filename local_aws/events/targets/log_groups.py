"""CloudWatch log groups: each event becomes a line of the rule's own stream."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from moto.core.exceptions import ServiceException
from moto.logs.models import LogsBackend

from local_aws.events.arns import Arn
from local_aws.events.errors import Refused
from local_aws.events.permissions import Call
from local_aws.events.records import Delivery, Origin, Target
from local_aws.events.targets.base import TargetKind
from local_aws.sagemaker.errors import ValidationException

NAME = re.compile(r"log-group:(?P<name>[^:*]+)(?::\*)?")
TEMPLATE = re.compile(r'\s*\{\s*"timestamp"\s*:.+,\s*"message"\s*:.+\}\s*', re.DOTALL)


class LogGroupTarget(TargetKind):
    """`logs:CreateLogStream` and `logs:PutLogEvents`, permitted by a resource policy of CloudWatch Logs."""

    name = "CloudWatch log groups"

    def __init__(self, backend: LogsBackend, changed: Callable[[str], None] = lambda service: None) -> None:
        self._backend = backend
        self._changed = changed
        self._lock = threading.Lock()

    def takes(self, arn: Arn) -> bool:
        """As for every kind."""
        return arn.service == "logs" and NAME.fullmatch(arn.resource) is not None

    def check(self, target: Target, arn: Arn) -> None:
        """As for every kind."""
        name = target["Id"]
        if target.get("RoleArn"):
            raise ValidationException(f"RoleArn is not supported for target {arn.text}.")
        if "Input" in target or "InputPath" in target:
            raise ValidationException(
                f"Input and InputPath are not valid forms of input for target {name}. "
                "The only valid form of input is InputTransformer."
            )
        if "InputTransformer" in target and not TEMPLATE.fullmatch(target["InputTransformer"]["InputTemplate"]):
            raise ValidationException(
                f'InputTemplate for target {name} must have the form {{"timestamp": <...>, "message": <...>}}.'
            )

    def deliver(self, delivery: Delivery, text: str) -> None:
        """As for every kind."""
        arn = Arn.parse(delivery.target_arn)
        match = NAME.fullmatch(arn.resource)
        if match is None or match["name"] not in self._backend.groups:
            raise Refused("NO_RESOURCE", f"The log group {arn.text} does not exist.")
        group, stream = match["name"], delivery.origin.rule_name
        self._check_permission(f"{arn.text.removesuffix(':*')}:log-stream:{stream}", delivery.origin)
        line = _line(text, delivery.origin) if "InputTransformer" in delivery.target else _now(text, delivery.origin)
        try:
            with self._lock:
                self._backend.ensure_log_stream(group, stream)
                self._backend.put_log_events(group, stream, [line])
        except ServiceException as error:
            raise Refused("INVALID_PARAMETER", error.message) from error
        self._changed("logs")

    def _check_permission(self, stream_arn: str, origin: Origin) -> None:
        documents = [json.loads(policy.policy_document) for policy in self._backend.describe_resource_policies()]
        statements = [statement for document in documents for statement in document.get("Statement") or []]
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            call = Call(action, stream_arn, origin.rule_arn)
            if not call.allowed_by(statements):
                raise Refused("NO_PERMISSIONS", call.missing())


def _now(message: str, origin: Origin) -> dict[str, Any]:
    return {"timestamp": int(origin.received.timestamp() * 1000), "message": message}


def _line(text: str, origin: Origin) -> dict[str, Any]:
    """A filled-in template as a line: the time in milliseconds since 1970, or as ISO 8601 text."""
    try:
        filled = json.loads(text)
        when, message = filled["timestamp"], filled["message"]
        if isinstance(when, str) and not when.isdigit():
            moment = datetime.fromisoformat(re.sub("Z$", "+00:00", when))
            when = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1000
        return {**_now("", origin), "timestamp": int(when), "message": _message(message)}
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("INVALID_JSON", f"The input has no timestamp and message that can be read: {error}") from error


def _message(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
