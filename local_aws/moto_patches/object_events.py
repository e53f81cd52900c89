"""What happens to objects in moto's S3, told to who passes it on.

moto tells of a completed multipart upload three times and of every PutObject twice (once as tagging), of no delete
marker and no deleted version, and sends each notification while the request waits; its events for EventBridge have
one sequencer for all, versions where there are none, and are given to rules that nobody else sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from moto.core.responses import TYPE_RESPONSE, ActionResult
from moto.s3 import notifications
from moto.s3.exceptions import InvalidArgumentError
from moto.s3.models import (
    FakeBucket,
    FakeDeleteMarker,
    FakeKey,
    Notification,
    NotificationConfiguration,
    S3Backend,
)
from moto.s3.responses import S3Response

from local_aws.destinations import DestinationFailed
from local_aws.event_sources.object_event import ObjectEvent
from local_aws.moto_patches.replacing import replace

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html:
# the others are of what never happens here, such as replication, or expiry by a lifecycle
HAPPENING = ("s3:ObjectCreated:", "s3:ObjectRemoved:", "s3:ObjectTagging:", "s3:ObjectAcl:")
PUT, TAGGED = "ObjectCreated:Put", "ObjectTagging:Put"
# of nothing, which is what a delete marker holds
EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"


class Listener(Protocol):
    """Who is told."""

    def __call__(self, event: ObjectEvent) -> None:
        """It has happened. Must not raise, and not wait."""


class Notifications(Listener, Protocol):
    """Who is told of configurations besides: local_aws.event_sources.bucket_notifications."""

    def configured(self, bucket: FakeBucket) -> None:
        """The bucket has another configuration."""

    def check(self, arn: str) -> None:
        """Raises DestinationFailed where there is no such destination."""


_LISTENERS: list[Listener] = []
_NOTIFICATIONS: list[Notifications] = []


def tell(listeners: Sequence[Listener], own: Notifications) -> None:
    """Tell these from now on, and S3's `own` notifications."""
    _LISTENERS[:] = [*listeners, own]
    _NOTIFICATIONS[:] = [own]


def install() -> None:
    """Patch moto for this process."""
    _tell_of_objects()
    _tell_of_deletions()
    _check_configurations()


def _tell(event: ObjectEvent) -> None:
    for listener in _LISTENERS:
        listener(event)


def _is_watched(bucket: FakeBucket) -> bool:
    return bucket.notification_configuration is not None


def _of_key(bucket: FakeBucket, name: str, key: FakeKey) -> ObjectEvent:
    version = str(key.version_id) if bucket.is_versioned else None
    has_size = name.startswith("ObjectCreated:")
    etag = key.etag.strip('"')
    return ObjectEvent(bucket, name, key.name, etag, key.size if has_size else None, version)


def _tell_of_objects() -> None:
    tag = S3Response.put_object_tagging

    def send_event(_account_id: str, event_name: notifications.S3NotificationEvent, bucket: Any, key: Any) -> None:
        name = event_name.value.removeprefix("s3:")
        is_inner_put = name == PUT and key.multipart is not None
        # tags that come with an object are no event of their own, and deletions are told below
        if is_inner_put or name == TAGGED or not event_name.value.startswith(HAPPENING):
            return
        if _is_watched(bucket) and not name.startswith("ObjectRemoved:"):
            _tell(_of_key(bucket, name, key))

    def put_object_tagging(response: S3Response) -> TYPE_RESPONSE:
        answer = tag(response)
        backend, version = response.backend, response._get_param("versionId")
        key = backend.get_object(response.bucket_name, response.parse_key_name(), version_id=version)
        bucket = backend.get_bucket(response.bucket_name)
        if _is_watched(bucket) and isinstance(key, FakeKey):
            _tell(_of_key(bucket, TAGGED, key))
        return answer

    replace(notifications, send_event=send_event)
    replace(S3Response, put_object_tagging=put_object_tagging)


def _tell_of_deletions() -> None:
    delete = S3Backend.delete_object

    def delete_object(
        backend: S3Backend, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
    ) -> tuple[bool, dict[str, Any]]:
        bucket = backend.get_bucket(bucket_name)
        there = _version(bucket, key_name, version_id)
        done, headers = delete(backend, bucket_name, key_name, version_id, bypass)
        if _is_watched(bucket) and done and there is not None:
            _tell(_of_deletion(bucket, there, version_id, headers))
        return done, headers

    replace(S3Backend, delete_object=delete_object)


def _version(bucket: FakeBucket, key_name: str, version_id: str | None) -> FakeKey | FakeDeleteMarker | None:
    """What is about to be deleted, or hidden by a marker."""
    versions = bucket.keys.getlist(key_name, [])
    if version_id is None or not bucket.is_versioned:
        return versions[-1] if versions else None
    return next((one for one in versions if str(one.version_id) == version_id), None)


def _of_deletion(
    bucket: FakeBucket, there: FakeKey | FakeDeleteMarker, version_id: str | None, headers: dict[str, Any]
) -> ObjectEvent:
    if bucket.is_versioned and version_id is None:
        marker = str(headers["version-id"])
        return ObjectEvent(bucket, "ObjectRemoved:DeleteMarkerCreated", there.name, EMPTY_ETAG, None, marker)
    etag = there.etag.strip('"') if isinstance(there, FakeKey) else EMPTY_ETAG
    version = str(there.version_id) if bucket.is_versioned else None
    return ObjectEvent(bucket, "ObjectRemoved:Delete", there.name, etag, None, version)


def _check_configurations() -> None:
    read_body = S3Response._notification_config_from_body
    put = S3Backend.put_bucket_notification_configuration

    def from_body(response: S3Response) -> dict[str, Any]:
        try:
            return read_body(response)
        except AssertionError as error:
            raise _refusal("Each configuration must have events, and filters by prefix or suffix.", "") from error

    def put_configuration(backend: S3Backend, bucket_name: str, notification_config: dict[str, Any]) -> None:
        for kind in ("Topic", "Queue", "CloudFunction"):
            for one in notification_config.get(f"{kind}Configuration") or ():
                _check(one[kind], one["Event"])
        put(backend, bucket_name, notification_config)
        _NOTIFICATIONS[0].configured(backend.get_bucket(bucket_name))

    def get_configuration(response: S3Response) -> TYPE_RESPONSE:
        found = response.backend.get_bucket_notification_configuration(response.bucket_name)
        response.data["Action"] = "GetBucketNotificationConfiguration"
        return response.serialized(ActionResult(_described(found) if found else {}))

    replace(S3Response, _notification_config_from_body=from_body)
    replace(S3Response, get_bucket_notification=get_configuration)
    replace(S3Backend, put_bucket_notification_configuration=put_configuration)
    replace(notifications, send_test_event=lambda account_id, bucket: None)


def _described(configuration: NotificationConfiguration) -> dict[str, Any]:
    """As moto describes it, and with EventBridge."""

    def one(of: Notification, arn_member: str) -> dict[str, Any]:
        rules = {"Filter": {"Key": {"FilterRules": of.filters["S3Key"]["FilterRule"]}}} if of.filters else {}
        return {"Id": of.id, arn_member: of.arn, "Events": of.events, **rules}

    event_bridge: dict[str, Any] = {} if configuration.event_bridge is None else {"EventBridgeConfiguration": {}}
    return {
        "TopicConfigurations": [one(of, "TopicArn") for of in configuration.topic],
        "QueueConfigurations": [one(of, "QueueArn") for of in configuration.queue],
        "LambdaFunctionConfigurations": [one(of, "LambdaFunctionArn") for of in configuration.cloud_function],
        **event_bridge,
    }


def _check(arn: str, events: list[str]) -> None:
    never = [event for event in events if not event.startswith(HAPPENING)]
    if never:
        raise _refusal(f"This local AWS has no events {', '.join(never)}.", never[0])
    try:
        _NOTIFICATIONS[0].check(arn)
    except DestinationFailed as error:
        raise _refusal(f"Unable to validate the following destination configurations: {error}", arn) from error


def _refusal(message: str, value: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, "NotificationConfiguration", value)
