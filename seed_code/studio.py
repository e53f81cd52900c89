"""Which of a bucket's project templates SageMaker Studio lists: those whose object has a tag that says so.

https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-projects-templates-custom.html#sagemaker-projects-templates-s3
The domain, too, has to be tagged: with `DOMAIN_TAG`, whose value is where the templates are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seed_code.packaging import PREFIX, TEMPLATE

VISIBILITY_TAG, VISIBLE = "sagemaker:studio-visibility", "true"
DOMAIN_TAG = "sagemaker:projectS3TemplatesLocation"


def show_in_studio(s3: Any, bucket: str, key: str) -> list[str]:
    """Have Studio list the template at `key`, and none that was packaged before it; the keys of those it lists no more.

    Other tags stay as they are, and so do the templates themselves: a project that was made of one may be updated from
    it. Raises ClientError.
    """
    hidden = [other for other in _templates(s3, bucket) if other != key and _tag(s3, bucket, other, visible=False)]
    _tag(s3, bucket, key, visible=True)
    return hidden


def _tag(s3: Any, bucket: str, key: str, *, visible: bool) -> bool:
    """Whether there was anything to change. PutObjectTagging takes the whole set."""
    before = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    after = [tag for tag in before if tag["Key"] != VISIBILITY_TAG]
    after += [{"Key": VISIBILITY_TAG, "Value": VISIBLE}] if visible else []
    if before == after:
        return False
    s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": after})
    return True


def _templates(s3: Any, bucket: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{PREFIX}/"):
        yield from (one["Key"] for one in page.get("Contents", []) if one["Key"].endswith(f"/{TEMPLATE.name}"))
