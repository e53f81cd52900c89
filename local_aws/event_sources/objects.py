"""S3's events: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html.

Keys in them are as they are; in the notifications that S3 sends itself they are encoded.
"""

from __future__ import annotations

from typing import Any

from local_aws.event_sources.object_event import ObjectEvent
from local_aws.events.event_bridge import EventBridge

SOURCE = "aws.s3"
SENDER = "127.0.0.1"
DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl:Put": "Object ACL Updated",
}
REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
DELETION_TYPES = {
    "ObjectRemoved:Delete": "Permanently Deleted",
    "ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}


class ObjectEvents:
    """A listener of what happens to objects: tells EventBridge where the bucket is configured to."""

    def __init__(self, events: EventBridge, account_id: str) -> None:
        self._events = events
        self._account_id = account_id

    def __call__(self, event: ObjectEvent) -> None:
        """It has happened."""
        configuration = event.bucket.notification_configuration
        if configuration is None or configuration.event_bridge is None:
            return
        detail_type = DETAIL_TYPES.get(event.name) or DETAIL_TYPES[event.name.split(":")[0]]
        self._events.publish(SOURCE, detail_type, detail_of(event, self._account_id), [event.bucket.arn], event.moment)


def detail_of(event: ObjectEvent, account_id: str) -> dict[str, Any]:
    """The detail of the event."""
    of_object = {
        "key": event.key,
        "size": event.size,
        "etag": event.etag,
        "version-id": event.version_id,
        "sequencer": event.sequencer.lower(),
    }
    optional = {"reason": REASONS.get(event.name), "deletion-type": DELETION_TYPES.get(event.name)}
    return {
        "version": "0",
        "bucket": {"name": event.bucket.name},
        "object": {name: value for name, value in of_object.items() if value is not None},
        "request-id": event.request_id,
        "requester": account_id,
        "source-ip-address": SENDER,
        **{name: value for name, value in optional.items() if value is not None},
    }
