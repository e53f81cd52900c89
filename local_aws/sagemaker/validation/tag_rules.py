"""The rules for tag keys that the service model does not state."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.errors import ValidationException

RESERVED_PREFIX = "aws:"


def check_tag_keys(tags: list[dict[str, Any]] | None) -> None:
    """Raises ValidationException where a key occurs twice or has the prefix that AWS keeps to itself."""
    keys = [tag["Key"] for tag in tags or []]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValidationException(f"Duplicate tag keys found: {', '.join(twice)}")
    for key in keys:
        if key.lower().startswith(RESERVED_PREFIX):
            raise ValidationException(f"aws: prefixed tag key names are not allowed for external use: {key}")
