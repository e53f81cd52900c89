"""Lifecycle rules of a bucket: CloudFormation's form to that of S3's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def lifecycle_rules(rules: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same rules as PutBucketLifecycleConfiguration takes them."""
    return [_rule(rule) for rule in rules]


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        found["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        found["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "NoncurrentVersionExpiration" in rule:
        found["NoncurrentVersionExpiration"] = _numbers(rule["NoncurrentVersionExpiration"])
    if "AbortIncompleteMultipartUpload" in rule:
        found["AbortIncompleteMultipartUpload"] = _numbers(rule["AbortIncompleteMultipartUpload"])
    if "Transitions" in rule:
        found["Transitions"] = [
            {"Days": int(one["TransitionInDays"]), "StorageClass": one["StorageClass"]} for one in rule["Transitions"]
        ]
    return found


def _numbers(members: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in members.items()}
