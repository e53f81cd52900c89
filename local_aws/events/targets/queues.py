"""SQS queues, as targets and for dead letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import SQSBackend

from local_aws.events.arns import Arn
from local_aws.events.errors import Refused
from local_aws.events.permissions import Call
from local_aws.events.records import Delivery, Target
from local_aws.events.targets.base import TargetKind
from local_aws.sagemaker.errors import ValidationException


class Queues:
    """Sends messages to queues whose policy permits it."""

    def __init__(self, backend: SQSBackend, changed: Callable[[str], None] = lambda service: None) -> None:
        """`changed` is told that "sqs" has a message more, so that it can be made durable."""
        self._backend = backend
        self._changed = changed

    def check_permission(self, queue_arn: str, rule_arn: str) -> None:
        """Raises Refused where the queue is not there, or its policy does not permit the rule to send."""
        try:
            queue = self._backend.get_queue(_name(queue_arn))
        except QueueDoesNotExist as error:
            raise Refused("NO_RESOURCE", f"The queue {queue_arn} does not exist.") from error
        call = Call("sqs:SendMessage", queue_arn, rule_arn)
        if not call.allowed_by(queue._policy_json.get("Statement") or []):
            raise Refused("NO_PERMISSIONS", call.missing())

    def send(
        self,
        queue_arn: str,
        body: str,
        attributes: Mapping[str, str] | None = None,
        group: str | None = None,
    ) -> None:
        """Send a message. Raises Refused."""
        taken = {name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()}
        try:
            self._backend.send_message(_name(queue_arn), body, message_attributes=taken, group_id=group)
        except QueueDoesNotExist as error:
            raise Refused("NO_RESOURCE", f"The queue {queue_arn} does not exist.") from error
        except ServiceException as error:
            raise Refused("INVALID_PARAMETER", error.message) from error
        self._changed("sqs")


class QueueTarget(TargetKind):
    """`sqs:SendMessage`, permitted by the queue's policy. FIFO queues must deduplicate by content."""

    name = "SQS queues"

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def takes(self, arn: Arn) -> bool:
        """As for every kind."""
        return arn.service == "sqs" and ":" not in arn.resource

    def check(self, target: Target, arn: Arn) -> None:
        """As for every kind."""
        if arn.resource.endswith(".fifo") and not _group(target):
            raise ValidationException(f"Parameter(s) SqsParameters must be specified for target: {target['Id']}.")

    def deliver(self, delivery: Delivery, text: str) -> None:
        """As for every kind."""
        if not delivery.target.get("RoleArn"):
            self._queues.check_permission(delivery.target_arn, delivery.origin.rule_arn)
        self._queues.send(delivery.target_arn, text, group=_group(delivery.target))


def _group(target: Target) -> Any:
    return (target.get("SqsParameters") or {}).get("MessageGroupId") or None


def _name(queue_arn: str) -> str:
    return queue_arn.rpartition(":")[2]
