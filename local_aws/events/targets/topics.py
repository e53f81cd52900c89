"""SNS topics."""

from __future__ import annotations

from collections.abc import Callable

from moto.core.exceptions import ServiceException
from moto.sns.exceptions import TopicNotFound
from moto.sns.models import SNSBackend

from local_aws.events.arns import Arn
from local_aws.events.errors import Refused
from local_aws.events.permissions import Call
from local_aws.events.records import Delivery, Target
from local_aws.events.targets.base import SLOW, TargetKind
from local_aws.sagemaker.errors import ValidationException


class TopicTarget(TargetKind):
    """`sns:Publish`, permitted by the topic's policy."""

    name = "SNS topics"
    # the subscribers may be functions
    lane = SLOW

    def __init__(self, backend: SNSBackend, changed: Callable[[str], None] = lambda service: None) -> None:
        self._backend = backend
        self._changed = changed

    def takes(self, arn: Arn) -> bool:
        """As for every kind."""
        return arn.service == "sns" and ":" not in arn.resource

    def check(self, target: Target, arn: Arn) -> None:
        """As for every kind."""
        if arn.resource.endswith(".fifo"):
            raise ValidationException(f"Target {target['Id']}: EventBridge does not deliver to FIFO topics.")

    def deliver(self, delivery: Delivery, text: str) -> None:
        """As for every kind."""
        try:
            topic = self._backend.get_topic(delivery.target_arn)
            call = Call("sns:Publish", delivery.target_arn, delivery.origin.rule_arn)
            permitted = delivery.target.get("RoleArn") or call.allowed_by(topic._policy_json.get("Statement") or [])
            if not permitted:
                raise Refused("NO_PERMISSIONS", call.missing())
            self._backend.publish(text, delivery.target_arn)
        except TopicNotFound as error:
            raise Refused("NO_RESOURCE", f"The topic {delivery.target_arn} does not exist.") from error
        except ServiceException as error:
            raise Refused("INVALID_PARAMETER", error.message) from error
        for service in ("sns", "sqs"):
            self._changed(service)
