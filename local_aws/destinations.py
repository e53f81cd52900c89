"""What other services deliver to: functions, queues and topics, each by its ARN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from moto.core.exceptions import ServiceException
from moto.sns.models import SNSBackend
from moto.sqs.models import SQSBackend

from local_aws.functions.errors import InvocationRefused
from local_aws.functions.function import FunctionNotFound


class DestinationFailed(Exception):
    """Nothing could be delivered; the message says to what, and why."""


class Invoker(Protocol):
    """Who executes functions: local_aws.functions.functions.Functions."""

    def invoke_later(self, function: str, payload: bytes, *, qualifier: str | None = None) -> None:
        """Queue an event."""

    def check(self, function: str, *, qualifier: str | None = None) -> None:
        """A dry run."""


class Destinations:
    """Delivers asynchronously: what a function makes of an event is for Lambda to retry. Safe from any thread."""

    def __init__(
        self, functions: Invoker, queues: SQSBackend, topics: SNSBackend, changed: Callable[[str], None]
    ) -> None:
        """`changed` is told the name of a moto service that a delivery changed, so that it can be made durable."""
        self._functions = functions
        self._queues = queues
        self._topics = topics
        self._changed = changed

    def invoke(self, function_arn: str, payload: bytes) -> None:
        """Queue an event for a function. Raises DestinationFailed."""
        try:
            self._functions.invoke_later(function_arn, payload)
        except FunctionNotFound as error:
            raise DestinationFailed(f"{function_arn}: {error}") from error
        except InvocationRefused as error:
            raise DestinationFailed(f"{function_arn}: {error.message}") from error

    def send(
        self,
        queue_arn: str,
        body: str,
        attributes: Mapping[str, Any] | None = None,
        group: str | None = None,
        deduplication_id: str | None = None,
    ) -> None:
        """Send a message to a queue; `attributes` are in SQS's form. Raises DestinationFailed."""
        try:
            self._check_place(queue_arn, self._queues)
            self._queues.send_message(
                _name(queue_arn),
                body,
                message_attributes=dict(attributes or {}),
                group_id=group,
                deduplication_id=deduplication_id,
                validate_group_id=False,
            )
        except ServiceException as error:
            raise DestinationFailed(f"{queue_arn}: {error.message}") from error
        self._changed("sqs")

    def publish(self, topic_arn: str, message: str, subject: str | None = None) -> None:
        """Publish a message to a topic. Raises DestinationFailed."""
        try:
            self._check_place(topic_arn, self._topics)
            self._topics.publish(message, topic_arn, subject=subject)
        except (ServiceException, ValueError) as error:
            raise DestinationFailed(f"{topic_arn}: {getattr(error, 'message', error)}") from error

    def check(self, arn: str) -> None:
        """Raises DestinationFailed where there is no such function, queue or topic."""
        service = arn.split(":")[2]
        try:
            if service == "lambda":
                self._functions.check(arn)
            elif service == "sqs":
                self._check_place(arn, self._queues)
                self._queues.get_queue(_name(arn))
            elif service == "sns":
                self._check_place(arn, self._topics)
                self._topics.get_topic(arn)
            else:
                raise DestinationFailed(f"{arn}: not a function, queue or topic")
        except FunctionNotFound as error:
            raise DestinationFailed(f"{arn}: {error}") from error
        except ServiceException as error:
            raise DestinationFailed(f"{arn}: {error.message}") from error

    @staticmethod
    def _check_place(arn: str, backend: SQSBackend | SNSBackend) -> None:
        region, account = arn.split(":")[3:5]
        if (region, account) != (backend.region_name, backend.account_id):
            raise DestinationFailed(f"{arn}: not of account {backend.account_id} in {backend.region_name}")


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]
