"""One try to deliver an event, and what follows from it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from local_aws.events.dead_letters import DeadLetters
from local_aws.events.errors import FunctionFailed, NotDelivered, Refused, TryAgain
from local_aws.events.event_metrics import EventMetrics
from local_aws.events.inputs import target_input
from local_aws.events.pending import PendingDeliveries
from local_aws.events.records import Delivery
from local_aws.events.retries import FUNCTION_DELAYS, Exhausted, RetryPolicy, next_try
from local_aws.events.targets.base import Kinds

LOGGER = logging.getLogger(__name__)


class Deliverer:
    """Tries deliveries; every one ends delivered, put off, as a dead letter, or dropped with a line in the log."""

    def __init__(
        self,
        kinds: Kinds,
        pending: PendingDeliveries,
        dead_letters: DeadLetters,
        metrics: EventMetrics,
        now: Callable[[], datetime],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`jitter` gives numbers from [0, 1)."""
        self._kinds = kinds
        self._pending = pending
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._now = now
        self._jitter = jitter

    def attempt(self, delivery: Delivery) -> None:
        """Try now. Raises nothing that a target raises."""
        first = delivery.function_failures == 0
        if first:
            again = ("RetryInvocationAttempts",) if delivery.retries else ()
            self._metrics.count(delivery.origin, "InvocationAttempts", *again)
        try:
            self._deliver(delivery)
        except FunctionFailed as failure:
            if first:
                self._invoked(delivery)
            self._function_failed(delivery, failure)
        except Refused as failure:
            self._give_up(delivery, failure, None)
        except NotDelivered as failure:
            self._try_again(delivery, failure)
        else:
            if first:
                self._invoked(delivery)
            self._pending.done(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        try:
            text = target_input(delivery.target, delivery.event, delivery.origin)
            self._kinds.of(delivery.target_arn).deliver(delivery, text)
        except (NotDelivered, FunctionFailed):
            raise
        except Exception as error:
            LOGGER.exception("event %s to %s", delivery.event["id"], delivery.target_arn)
            raise TryAgain("INTERNAL_ERROR", f"{type(error).__name__}: {error}") from error

    def _invoked(self, delivery: Delivery) -> None:
        self._metrics.count(delivery.origin, "Invocations", "SuccessfulInvocationAttempts")

    def _function_failed(self, delivery: Delivery, failure: FunctionFailed) -> None:
        tried = delivery.function_failures
        if tried >= min(failure.retries, len(FUNCTION_DELAYS)):
            LOGGER.warning(
                "event %s was dropped: function %s failed %d times, last with %s",
                *(delivery.event["id"], delivery.target_arn, tried + 1, failure),
            )
            self._pending.done(delivery)
            return
        due = self._now() + timedelta(seconds=FUNCTION_DELAYS[tried])
        self._pending.put_off(replace(delivery, due=due, function_failures=tried + 1))

    def _try_again(self, delivery: Delivery, failure: NotDelivered) -> None:
        policy, received = RetryPolicy.of(delivery.target), delivery.origin.received
        due = next_try(policy, received, self._now(), delivery.retries, self._jitter)
        if isinstance(due, Exhausted):
            self._give_up(delivery, failure, due)
            return
        LOGGER.info("event %s to %s: %s; trying again", delivery.event["id"], delivery.target_arn, failure.message)
        self._pending.put_off(replace(delivery, due=due, retries=delivery.retries + 1))

    def _give_up(self, delivery: Delivery, failure: NotDelivered, exhausted: Exhausted | None) -> None:
        LOGGER.warning(
            "rule %s did not deliver event %s to %s: %s: %s",
            *(delivery.origin.rule_arn, delivery.event["id"], delivery.target_arn, failure.code, failure.message),
        )
        self._metrics.count(delivery.origin, "Invocations", "FailedInvocations")
        if self._dead_letters.wanted(delivery):
            sent = self._dead_letters.send(delivery, failure, exhausted)
            name = "InvocationsSentToDlq" if sent else "InvocationsFailedToBeSentToDlq"
            self._metrics.count(delivery.origin, name)
        self._pending.done(delivery)
