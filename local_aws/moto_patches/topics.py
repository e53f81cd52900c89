"""SNS in moto: what it pretends to deliver, and what it keeps of it.

moto posts to web addresses wherever they are, invokes functions with made-up events, lets one subscriber that fails
stop the others and fail the publisher, signs messages with a certificate of its own that takes longer than the
delivery, and keeps every message and certificate for ever.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Protocol

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import ensure_boolean
from moto.sns.exceptions import InvalidParameterValue, SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse
from moto.sns.utils import FilterPolicyMatcher

from local_aws.moto_patches.replacing import replace
from local_aws.topic_deliveries import DELIVERED, Publication

# as on the service these wait for somebody to confirm them, which here is nobody
CONFIRMED_OUTSIDE = ("http", "https", "email", "email-json")
REFUSED = {
    "create_platform_application": "mobile push notifications",
    "set_sms_attributes": "text messages",
    "check_if_phone_number_is_opted_out": "text messages",
    "list_phone_numbers_opted_out": "text messages",
    "opt_in_phone_number": "text messages",
}


class Deliverer(Protocol):
    """Who delivers: local_aws.topic_deliveries.TopicDeliveries."""

    def deliver(self, publication: Publication, subscription: Subscription) -> None:
        """Deliver a message to a subscription."""


_DELIVERERS: list[Deliverer] = []


def deliver_with(deliverer: Deliverer) -> None:
    """Hand every message to this one."""
    _DELIVERERS[:] = [deliverer]


def install() -> None:
    """Patch moto for this process."""
    _publish()
    _subscribe()
    _refuse_what_nobody_delivers()


def _publish() -> None:
    publish_anywhere = SNSBackend.publish

    def publish(
        topic: Topic,
        message: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        publication = Publication(
            id=str(uuid.uuid4()),
            topic_arn=topic.arn,
            moment=datetime.now(timezone.utc),
            message=message,
            subject=subject,
            attributes=message_attributes,
            texts=_texts(message) if message_structure == "json" else None,
            group=group_id,
            deduplication_id=deduplication_id,
        )
        for subscription in topic.sns_backend._get_topic_subscriptions(topic):
            _DELIVERERS[0].deliver(publication, subscription)
        return publication.id

    def backend_publish(
        backend: SNSBackend, message: str, arn: str | None, phone_number: str | None = None, **more: Any
    ) -> str:
        if phone_number:
            raise _refusal("text messages")
        backend.get_topic(arn or "")
        return publish_anywhere(backend, message, arn, **more)

    replace(Topic, publish=publish)
    replace(SNSBackend, publish=backend_publish)


def _texts(message: str) -> dict[str, str]:
    try:
        texts = json.loads(message)
    except ValueError as error:
        raise InvalidParameterValue(
            "Invalid parameter: Message Structure - JSON message body failed to parse"
        ) from error
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise InvalidParameterValue("Invalid parameter: Message Structure - No default entry in JSON message body")
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _subscribe() -> None:
    subscribe_to = SNSBackend.subscribe
    set_attribute = SNSBackend.set_subscription_attributes
    describe_topic = SNSResponse.get_topic_attributes

    def backend_subscribe(backend: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
        if protocol not in DELIVERED + CONFIRMED_OUTSIDE:
            raise SNSInvalidParameter(
                f"Invalid parameter: this local AWS has no subscriptions by the protocol {protocol}: it delivers to "
                f"{' and '.join(DELIVERED)}, and keeps those by {', '.join(CONFIRMED_OUTSIDE)} unconfirmed."
            )
        if protocol == "lambda" and ":function:" not in endpoint:
            raise SNSInvalidParameter("Invalid parameter: Lambda endpoint ARN")
        subscription = subscribe_to(backend, topic_arn, endpoint, protocol)
        is_pending = protocol in CONFIRMED_OUTSIDE
        subscription.attributes["PendingConfirmation"] = is_pending
        subscription.attributes["ConfirmationWasAuthenticated"] = not is_pending
        return subscription

    def subscribe(response: SNSResponse) -> ActionResult:
        backend, attributes = response.backend, response._get_attributes()
        known = set(backend.subscriptions)
        subscription = backend.subscribe(
            response._get_param("TopicArn"), response._get_param("Endpoint"), response._get_param("Protocol")
        )
        try:
            # how a filter is read depends on its scope
            for name in sorted(attributes, key=lambda name: name != "FilterPolicyScope"):
                backend.set_subscription_attributes(subscription.arn, name, attributes[name])
        except ServiceException:
            if subscription.arn not in known:
                backend.unsubscribe(subscription.arn)
            raise
        shown = not subscription.attributes["PendingConfirmation"] or response._get_param("ReturnSubscriptionArn")
        return ActionResult({"SubscriptionArn": subscription.arn if shown else "pending confirmation"})

    def set_subscription_attributes(backend: SNSBackend, arn: str, name: str, value: Any) -> None:
        if name in ("FilterPolicy", "RedrivePolicy") and value:
            _check_object(name, value)
        if name == "RawMessageDelivery":
            value = ensure_boolean(value)
        if name == "FilterPolicyScope" and value not in ("MessageAttributes", "MessageBody"):
            raise SNSInvalidParameter(f"Invalid parameter: FilterPolicyScope: Invalid value [{value}]")
        set_attribute(backend, arn, name, value)
        subscription = backend.subscriptions[arn]
        if name == "FilterPolicyScope" and subscription._filter_policy:
            subscription._filter_policy_matcher = FilterPolicyMatcher(subscription._filter_policy, value)

    def get_topic_attributes(response: SNSResponse) -> ActionResult:
        topic = response.backend.get_topic(response._get_param("TopicArn"))
        pending = [one.attributes["PendingConfirmation"] for one in response.backend._get_topic_subscriptions(topic)]
        topic.subscriptions_pending, topic.subscriptions_confimed = sum(pending), len(pending) - sum(pending)
        return describe_topic(response)

    def shown_arn(subscription: Subscription) -> str:
        return "PendingConfirmation" if subscription.attributes["PendingConfirmation"] else subscription.arn

    replace(SNSBackend, subscribe=backend_subscribe)
    replace(SNSBackend, set_subscription_attributes=set_subscription_attributes)
    replace(SNSResponse, subscribe=subscribe)
    replace(SNSResponse, get_topic_attributes=get_topic_attributes)
    # what lists show
    replace(Subscription, subscription_arn=property(shown_arn))  # type: ignore[arg-type]


def _check_object(name: str, text: str) -> None:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SNSInvalidParameter(f"Invalid parameter: {name}: failed to parse JSON. {error}") from error
    if not isinstance(found, dict):
        raise SNSInvalidParameter(f"Invalid parameter: {name}: a JSON object is wanted.")


def _refuse_what_nobody_delivers() -> None:
    def refuse(what: str) -> Callable[..., Any]:
        def refused(*_args: Any, **_kwargs: Any) -> Any:
            raise _refusal(what)

        return refused

    def confirm_subscription(_response: SNSResponse) -> ActionResult:
        raise SNSInvalidParameter("Invalid token: this local AWS asks nobody for a confirmation, and gives no tokens.")

    replace(SNSBackend, **{name: refuse(what) for name, what in REFUSED.items()})
    replace(SNSResponse, confirm_subscription=confirm_subscription)


def _refusal(what: str) -> SNSInvalidParameter:
    return SNSInvalidParameter(f"This local AWS does not support {what}: nothing leaves this machine.")
