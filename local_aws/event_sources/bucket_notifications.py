"""What S3 itself sends to functions, queues and topics.

Form: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import base64
import json
import logging
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from moto.s3.models import FakeBucket, Notification, NotificationConfiguration

from local_aws.destinations import DestinationFailed, Destinations
from local_aws.event_sources.object_event import ObjectEvent, new_request_id
from local_aws.event_sources.objects import SENDER
from local_aws.sagemaker.store import utc_now

LOGGER = logging.getLogger(__name__)

SUBJECT = "Amazon S3 Notification"
PRINCIPAL = "AWS:{}"

Send = Callable[[str, str], None]


class BucketNotifications:
    """A listener of what happens to objects; a destination that cannot be reached is logged, and stops no other."""

    def __init__(self, destinations: Destinations, account_id: str) -> None:
        self._destinations = destinations
        self._account_id = account_id

    def __call__(self, event: ObjectEvent) -> None:
        """It has happened."""
        for notification, send in self._targets(event.bucket.notification_configuration):
            if notification.matches(f"s3:{event.name}", event.key):
                text = json.dumps({"Records": [_record(event, notification.id, self._account_id)]})
                self._send(send, notification.arn, text)

    def configured(self, bucket: FakeBucket) -> None:
        """The bucket has another configuration: as on the service its queues and topics get a message to try them."""
        text = json.dumps(_test_message(bucket.name))
        configuration = bucket.notification_configuration
        for arn in {one.arn for one in configuration.queue} if configuration else ():
            self._send(self._destinations.send, arn, text)
        for arn in {one.arn for one in configuration.topic} if configuration else ():
            self._send(self._publish, arn, text)

    def check(self, arn: str) -> None:
        """Raises DestinationFailed where there is no such function, queue or topic."""
        self._destinations.check(arn)

    def _targets(self, configuration: NotificationConfiguration | None) -> Iterator[tuple[Notification, Send]]:
        if configuration is not None:
            yield from ((one, self._invoke) for one in configuration.cloud_function)
            yield from ((one, self._destinations.send) for one in configuration.queue)
            yield from ((one, self._publish) for one in configuration.topic)

    def _invoke(self, arn: str, text: str) -> None:
        self._destinations.invoke(arn, text.encode())

    def _publish(self, arn: str, text: str) -> None:
        self._destinations.publish(arn, text, SUBJECT)

    @staticmethod
    def _send(send: Send, arn: str, text: str) -> None:
        try:
            send(arn, text)
        except DestinationFailed as error:
            LOGGER.warning("a notification of S3 was not delivered: %s", error)


def _record(event: ObjectEvent, notification_id: str, account_id: str) -> dict[str, Any]:
    of_object = {
        # as in a form, with + for a space; slashes stay
        "key": quote_plus(event.key, safe="/"),
        "size": event.size,
        "eTag": event.etag,
        "versionId": event.version_id,
        "sequencer": event.sequencer,
    }
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": event.bucket.region_name,
        "eventTime": _time(event.moment),
        "eventName": event.name,
        "userIdentity": {"principalId": PRINCIPAL.format(account_id)},
        "requestParameters": {"sourceIPAddress": SENDER},
        "responseElements": {"x-amz-request-id": event.request_id, "x-amz-id-2": _host_id()},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": notification_id,
            "bucket": {
                "name": event.bucket.name,
                "ownerIdentity": {"principalId": account_id},
                "arn": event.bucket.arn,
            },
            "object": {name: value for name, value in of_object.items() if value is not None},
        },
    }


def _test_message(bucket: str) -> dict[str, str]:
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _time(utc_now()),
        "Bucket": bucket,
        "RequestId": new_request_id(),
        "HostId": _host_id(),
    }


def _host_id() -> str:
    return base64.b64encode(secrets.token_bytes(48)).decode()


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
