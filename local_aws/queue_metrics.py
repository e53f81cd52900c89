"""The metrics of SQS, as the service emits them for every queue, once a minute.

Names and units: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from moto.sqs.models import Queue, SQSBackend

from local_aws.metrics import MetricDatum, Metrics
from local_aws.periodic import Periodic

NAMESPACE = "AWS/SQS"
SECONDS = 60.0
# a message that was received more often without being deleted is no measure of how far behind its receivers are
RECEIVED_TOO_OFTEN = 3


class QueueMetrics:
    """A Worker of the context."""

    def __init__(self, backend: SQSBackend, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._backend = backend
        self._metrics = metrics
        self._now = now
        self._periodic = Periodic("queue metrics", SECONDS, self.put)

    def put(self) -> None:
        """Measure every queue now."""
        moment = self._now()
        data = [
            MetricDatum(name, {"QueueName": queue.name}, unit, moment, (value,), (1.0,))
            for queue in list(self._backend.queues.values())
            for name, value, unit in _measured(queue, moment)
        ]
        if data:
            self._metrics.put(NAMESPACE, data)

    def start(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever started by name."""
        raise NotImplementedError(f"{kind} {name}")

    def stop(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever stopped by name."""
        raise NotImplementedError(f"{kind} {name}")

    def recover(self) -> None:
        """Begin to measure."""
        self._periodic.start()

    def shutdown(self) -> None:
        """Measure once more, and end."""
        self._periodic.stop()


def _measured(queue: Queue, moment: datetime) -> Iterator[tuple[str, float, str]]:
    yield "ApproximateNumberOfMessagesVisible", float(queue.approximate_number_of_messages), "Count"
    yield "ApproximateNumberOfMessagesNotVisible", float(queue.approximate_number_of_messages_not_visible), "Count"
    yield "ApproximateNumberOfMessagesDelayed", float(queue.approximate_number_of_messages_delayed), "Count"
    waiting = [message for message in list(queue._messages) if message.approximate_receive_count <= RECEIVED_TOO_OFTEN]
    oldest = min((message.sent_timestamp or 0 for message in waiting), default=None)
    if oldest is not None:
        yield "ApproximateAgeOfOldestMessage", max(0.0, moment.timestamp() - oldest / 1000), "Seconds"
