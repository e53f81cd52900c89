"""AWS::S3::BucketPolicy."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType


class BucketPolicy(ResourceType):
    """The one policy of a bucket. It is kept and answered; nobody is refused by it here."""

    type = "AWS::S3::BucketPolicy"
    properties = frozenset({"Bucket", "PolicyDocument"})
    required = properties
    replacing = frozenset({"Bucket"})
    inert = frozenset({"PolicyDocument"})

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        s3 = clients("s3")
        if _is_there(s3, wanted["Bucket"]):
            raise ResourceFailed(f"The bucket policy already exists on bucket {wanted['Bucket']}.")
        return _put(s3, wanted)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        return _put(clients("s3"), wanted)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        s3 = clients("s3")
        with suppress(s3.exceptions.NoSuchBucket):
            s3.delete_bucket_policy(Bucket=physical_id)


def _put(s3: Any, wanted: Properties) -> Made:
    s3.put_bucket_policy(Bucket=wanted["Bucket"], Policy=json.dumps(wanted["PolicyDocument"]))
    return Made(wanted["Bucket"])


def _is_there(s3: Any, bucket: str) -> bool:
    try:
        s3.get_bucket_policy(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return False
        raise
    return True
