"""Other event buses of the same account and region.

An event goes one bus further at most, as in the service, so there are no circles.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
"""

from __future__ import annotations

from collections.abc import Callable

from local_aws.events.arns import Arn
from local_aws.events.errors import Refused, TryAgain
from local_aws.events.inputs import FORMS
from local_aws.events.pending import TooMany
from local_aws.events.records import Delivery, Event, Target
from local_aws.events.targets.base import TargetKind
from local_aws.sagemaker.errors import ValidationException

PREFIX = "event-bus/"
# an event and the name of the bus that it goes to; raises KeyError where there is no such bus, TooMany
Forward = Callable[[Event, str], None]


class BusTarget(TargetKind):
    """`events:PutEvents` with the target's role."""

    name = "event buses"
    needs_role = True

    def __init__(self, forward: Forward) -> None:
        self._forward = forward

    def takes(self, arn: Arn) -> bool:
        """As for every kind."""
        return arn.service == "events" and arn.resource.startswith(PREFIX)

    def check(self, target: Target, arn: Arn) -> None:
        """As for every kind."""
        if any(form in target for form in FORMS):
            raise ValidationException(f"Target {target['Id']}: an event bus gets the whole event, and no other input.")

    def deliver(self, delivery: Delivery, text: str) -> None:
        """As for every kind."""
        name = Arn.parse(delivery.target_arn).resource.removeprefix(PREFIX)
        try:
            self._forward(delivery.event, name)
        except KeyError as error:
            raise Refused("NO_RESOURCE", f"Event bus {name} does not exist.") from error
        except TooMany as error:
            raise TryAgain("THROTTLING", str(error)) from error
