"""What the subscribers of SNS topics get: queues and functions. Nothing leaves this machine.

Forms: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html and
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.sns.models import Subscription

from local_aws.destinations import DestinationFailed, Destinations

LOGGER = logging.getLogger(__name__)

DELIVERED = ("sqs", "lambda")
# messages here are not signed: there is no certificate of the service to check them with
SIGNATURE = "UNSIGNED"


@dataclass(frozen=True)
class Publication:
    """A message as it was published; `attributes` are in SNS's form: name -> Type, Value.

    `texts` are by protocol where the message is one for each, "default" among them.
    """

    id: str
    topic_arn: str
    moment: datetime
    message: str
    subject: str | None = None
    attributes: Mapping[str, Mapping[str, Any]] | None = None
    texts: Mapping[str, str] | None = None
    group: str | None = None
    deduplication_id: str | None = None

    def text_for(self, protocol: str) -> str:
        """The message for subscribers by this protocol."""
        return self.message if self.texts is None else self.texts.get(protocol, self.texts["default"])


class TopicDeliveries:
    """Delivers to the confirmed subscriptions; one that fails is logged, and stops no other."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations

    def deliver(self, publication: Publication, subscription: Subscription) -> None:
        """Deliver a message to a subscription, if it passes its filter."""
        if subscription.protocol not in DELIVERED or not _passes(publication, subscription):
            return
        try:
            if subscription.protocol == "lambda":
                event = json.dumps({"Records": [_record(publication, subscription)]})
                self._destinations.invoke(subscription.endpoint, event.encode())
            else:
                self._send(publication, subscription)
        except DestinationFailed as error:
            LOGGER.warning("a message of %s was not delivered: %s", publication.topic_arn, error)
            self._give_up(publication, subscription)

    def _send(self, publication: Publication, subscription: Subscription) -> None:
        attributes: dict[str, Any] = {}
        if _is_raw(subscription):
            body = publication.text_for("sqs")
            attributes = {name: _for_queue(value) for name, value in (publication.attributes or {}).items()}
        else:
            body = json.dumps(_envelope(publication, subscription), indent=2)
        self._destinations.send(
            subscription.endpoint, body, attributes, publication.group, publication.deduplication_id
        )

    def _give_up(self, publication: Publication, subscription: Subscription) -> None:
        """To the dead-letter queue, where the subscription has one."""
        policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        queue = policy.get("deadLetterTargetArn")
        if queue:
            body = json.dumps(_envelope(publication, subscription))
            try:
                self._destinations.send(
                    queue, body, group=publication.group, deduplication_id=publication.deduplication_id
                )
            except DestinationFailed as error:
                LOGGER.warning("nor did it get to the dead-letter queue of %s: %s", subscription.arn, error)


def _passes(publication: Publication, subscription: Subscription) -> bool:
    matcher = subscription._filter_policy_matcher
    try:
        return matcher is None or matcher.matches(dict(publication.attributes or {}), publication.message)
    except Exception as error:
        # moto's matcher fails on values of another type than its rule is for: they do not match
        LOGGER.info("%s: its filter does not match the message: %s", subscription.arn, error)
        return False


def _is_raw(subscription: Subscription) -> bool:
    return str(subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"


def _envelope(publication: Publication, subscription: Subscription) -> dict[str, Any]:
    """The message as a queue gets it."""
    found = {
        "Type": "Notification",
        "MessageId": publication.id,
        "TopicArn": publication.topic_arn,
        "Subject": publication.subject,
        "Message": publication.text_for(subscription.protocol),
        "Timestamp": _time(publication),
        "SignatureVersion": "1",
        "Signature": SIGNATURE,
        "SigningCertURL": _address(publication, "/SimpleNotificationService.pem"),
        "UnsubscribeURL": _address(publication, f"/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"),
        "MessageAttributes": publication.attributes,
    }
    return {name: value for name, value in found.items() if value}


def _record(publication: Publication, subscription: Subscription) -> dict[str, Any]:
    """The message as a function gets it, which has all members always, and spells two of them otherwise."""
    message = _envelope(publication, subscription)
    message |= {
        "Subject": publication.subject,
        "SigningCertUrl": message.pop("SigningCertURL"),
        "UnsubscribeUrl": message.pop("UnsubscribeURL"),
        "MessageAttributes": dict(publication.attributes or {}),
    }
    return {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription.arn, "Sns": message}


def _for_queue(attribute: Mapping[str, Any]) -> dict[str, Any]:
    kind = attribute["Type"]
    member = "BinaryValue" if kind.startswith("Binary") else "StringValue"
    return {"DataType": kind, member: str(attribute["Value"])}


def _time(publication: Publication) -> str:
    moment = publication.moment
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _address(publication: Publication, path: str) -> str:
    region = publication.topic_arn.split(":")[3]
    return f"https://sns.{region}.amazonaws.com{path}"
