"""What is measured of queues, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from moto.sqs.models import SQSBackend, sqs_backends

from local_aws.queue_metrics import QueueMetrics


@pytest.fixture
def backend() -> Iterator[SQSBackend]:
    made = sqs_backends["123456789012"]["eu-west-1"]
    yield made
    made.queues.clear()


def test_a_queue_is_measured_by_what_can_be_received_what_is_held_and_how_old_it_is(backend):
    put: dict[tuple[str, str], Any] = {}

    def later() -> datetime:
        return datetime.now(timezone.utc) + timedelta(seconds=100)

    def keep(namespace: str, data: list[Any]) -> None:
        assert namespace == "AWS/SQS"
        put.update({(datum.dimensions["QueueName"], datum.name): datum.values[0] for datum in data})

    metrics: Any = SimpleNamespace(put=keep)
    measuring = QueueMetrics(backend, metrics, later)
    measuring.put()
    assert put == {}
    backend.create_queue("full", VisibilityTimeout="3600")
    backend.create_queue("empty")
    for text in ("a", "b", "c"):
        backend.send_message("full", text)
    backend.receive_message("full", 1, 0, 3600)
    measuring.put()
    assert put["full", "ApproximateNumberOfMessagesVisible"] == 2
    assert put["full", "ApproximateNumberOfMessagesNotVisible"] == 1
    assert put["full", "ApproximateNumberOfMessagesDelayed"] == 0
    assert 99 < put["full", "ApproximateAgeOfOldestMessage"] < 3600
    assert put["empty", "ApproximateNumberOfMessagesVisible"] == 0
    assert ("empty", "ApproximateAgeOfOldestMessage") not in put
