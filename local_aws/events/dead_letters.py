"""Events that were not delivered, sent to the dead-letter queue of their target.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

import logging

from local_aws.events.errors import NotDelivered, Refused
from local_aws.events.inputs import compact
from local_aws.events.records import Delivery
from local_aws.events.retries import Exhausted
from local_aws.events.targets.queues import Queues

LOGGER = logging.getLogger(__name__)
LONGEST_MESSAGE = 1000


class DeadLetters:
    """Sends what a target with a DeadLetterConfig did not take: the original event, with why as attributes."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def wanted(self, delivery: Delivery) -> bool:
        """Whether the target has a dead-letter queue."""
        return bool(_queue(delivery))

    def send(self, delivery: Delivery, failure: NotDelivered, exhausted: Exhausted | None) -> bool:
        """Whether the queue took it; if not, the log says why."""
        attributes = {
            "RULE_ARN": delivery.origin.rule_arn,
            "TARGET_ARN": delivery.target_arn,
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message[:LONGEST_MESSAGE] or failure.code,
            "RETRY_ATTEMPTS": str(delivery.retries),
        }
        if exhausted is not None:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted.condition
        try:
            self._queues.check_permission(_queue(delivery), delivery.origin.rule_arn)
            self._queues.send(_queue(delivery), compact(delivery.event), attributes)
        except Refused as refusal:
            LOGGER.warning("event %s is lost to its dead-letter queue: %s", delivery.event["id"], refusal.message)
            return False
        return True


def _queue(delivery: Delivery) -> str:
    return str((delivery.target.get("DeadLetterConfig") or {}).get("Arn") or "")
