"""AWS::S3::Bucket."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType, as_bool, taken_back_by
from local_aws.cloudformation.resources.s3_lifecycle import lifecycle_rules


class Bucket(ResourceType):
    """A bucket. It is deleted only when it is empty, as on the service."""

    type = "AWS::S3::Bucket"
    properties = frozenset(
        {
            *("BucketName", "BucketEncryption", "OwnershipControls", "PublicAccessBlockConfiguration", "Tags"),
            *("VersioningConfiguration", "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled"),
            *(f"LifecycleConfiguration.Rules.{name}" for name in ("Id", "Status", "Prefix", "Transitions")),
            *(f"LifecycleConfiguration.Rules.{name}" for name in ("ExpirationInDays", "NoncurrentVersionExpiration")),
            "LifecycleConfiguration.Rules.AbortIncompleteMultipartUpload",
        }
    )
    replacing = frozenset({"BucketName"})
    inert = frozenset(
        {"BucketEncryption", "LifecycleConfiguration", "OwnershipControls", "PublicAccessBlockConfiguration"}
    )
    named_by = "BucketName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        s3, bucket = clients("s3"), wanted.get("BucketName", name.lower())
        if self.named_by in wanted and _is_there(s3, bucket):
            raise self.already_there(bucket)
        region = s3.meta.region_name
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **place)
        with taken_back_by(lambda: self.delete(clients, bucket, wanted)):
            _configure(s3, bucket, {}, wanted)
        return _made(bucket, region)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        s3 = clients("s3")
        _configure(s3, physical_id, before, wanted)
        return _made(physical_id, s3.meta.region_name)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        s3 = clients("s3")
        with suppress(s3.exceptions.NoSuchBucket):
            s3.delete_bucket(Bucket=physical_id)


def _configure(s3: Any, bucket: str, before: Properties, wanted: Properties) -> None:
    for name, put in PARTS.items():
        if before.get(name) != wanted.get(name):
            put(s3, bucket, wanted.get(name))


def _encrypt(s3: Any, bucket: str, value: Any) -> None:
    if value is None:
        s3.delete_bucket_encryption(Bucket=bucket)
        return
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        found: dict[str, Any] = {}
        if "ServerSideEncryptionByDefault" in rule:
            found["ApplyServerSideEncryptionByDefault"] = rule["ServerSideEncryptionByDefault"]
        if "BucketKeyEnabled" in rule:
            found["BucketKeyEnabled"] = as_bool(rule["BucketKeyEnabled"])
        rules.append(found)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _own(s3: Any, bucket: str, value: Any) -> None:
    if value is None:
        s3.delete_bucket_ownership_controls(Bucket=bucket)
    else:
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=value)


def _block_public_access(s3: Any, bucket: str, value: Any) -> None:
    if value is None:
        s3.delete_public_access_block(Bucket=bucket)
    else:
        blocked = {name: as_bool(one) for name, one in value.items()}
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocked)


def _version(s3: Any, bucket: str, value: Any) -> None:
    status = value["Status"] if value else "Suspended"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def _notify(s3: Any, bucket: str, value: Any) -> None:
    # an EventBridgeConfiguration turns events on by being there, unless it says otherwise
    bridge = (value or {}).get("EventBridgeConfiguration")
    on = bridge is not None and as_bool(bridge.get("EventBridgeEnabled", True))
    configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if on else {}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def _tag(s3: Any, bucket: str, value: Any) -> None:
    if value:
        tags = [{"Key": tag["Key"], "Value": str(tag["Value"])} for tag in value]
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    else:
        s3.delete_bucket_tagging(Bucket=bucket)


def _expire(s3: Any, bucket: str, value: Any) -> None:
    if value:
        rules = lifecycle_rules(value["Rules"])
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    else:
        s3.delete_bucket_lifecycle(Bucket=bucket)


# each is told the property as it shall be, None where it shall not be
PARTS: dict[str, Callable[[Any, str, Any], None]] = {
    "BucketEncryption": _encrypt,
    "OwnershipControls": _own,
    "PublicAccessBlockConfiguration": _block_public_access,
    "VersioningConfiguration": _version,
    "NotificationConfiguration": _notify,
    "LifecycleConfiguration": _expire,
    "Tags": _tag,
}


def _is_there(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def _made(bucket: str, region: str) -> Made:
    attributes = {
        "Arn": f"arn:aws:s3:::{bucket}",
        "DomainName": f"{bucket}.s3.amazonaws.com",
        "DualStackDomainName": f"{bucket}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{bucket}.s3.{region}.amazonaws.com",
    }
    return Made(bucket, attributes)
