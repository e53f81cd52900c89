"""Step Functions state machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local_aws.events.arns import Arn
from local_aws.events.errors import Refused
from local_aws.events.records import Delivery
from local_aws.events.targets.base import TargetKind
from local_aws.events.targets.service_errors import not_delivered
from local_aws.sagemaker.errors import ServiceError


class StateMachineTarget(TargetKind):
    """`states:StartExecution` with the target's role. An execution is named for its delivery: it starts once."""

    name = "Step Functions state machines"
    needs_role = True

    def __init__(self, start_execution: Callable[[str, Any, str], Any]) -> None:
        self._start_execution = start_execution

    def takes(self, arn: Arn) -> bool:
        """As for every kind."""
        return arn.service == "states" and arn.resource.startswith("stateMachine:")

    def deliver(self, delivery: Delivery, text: str) -> None:
        """As for every kind."""
        try:
            given = json.loads(text)
        except ValueError as error:
            raise Refused("INVALID_JSON", f"The input of the execution is not JSON: {error}") from error
        name = f"{delivery.event['id']}_{delivery.id}"
        try:
            self._start_execution(delivery.target_arn, given, name)
        except ServiceError as error:
            if error.code != "ExecutionAlreadyExists":
                raise not_delivered(error) from error
