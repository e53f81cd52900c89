"""The details of SageMaker's events on jobs, endpoints and model packages, from their records.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html. As there, times
are milliseconds since 1970, in the events on model packages and transform jobs text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from local_aws.sagemaker.store import Record

# what an update of a model package may change, as the event names it
UPDATED_FIELDS = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "SourceUri": "sourceUri",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "InferenceSpecification": "InferenceSpecification",
    "ModelLifeCycle": "ModelLifeCycle",
}
# a card alone may be larger than an event
LEFT_OUT = ("ModelCard", "CreatedBy", "LastModifiedBy")

Tags = Mapping[str, str]


def iso(moment: datetime) -> str:
    """2021-02-24T17:00:14Z"""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return round(moment.timestamp() * 1000)


def job(record: Record, tags: Tags) -> dict[str, Any]:
    """Of a processing, training or transform job: what Describe answers."""
    detail = {
        **record.body,
        f"{record.kind}Name": record.name,
        f"{record.kind}Arn": record.arn,
        f"{record.kind}Status": record.status,
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
        "Tags": dict(tags),
    }
    return _plain(detail, iso if record.kind == "TransformJob" else milliseconds)


def endpoint(record: Record, tags: Tags) -> dict[str, Any]:
    """Of an endpoint, whose status is in the words of the event: IN_SERVICE."""
    body = record.body
    detail = {
        "EndpointName": record.name,
        "EndpointArn": record.arn,
        "EndpointConfigName": body["EndpointConfigName"],
        "ProductionVariants": [_variant(name, wanted) for name, wanted in _wanted_variants(body).items()],
        "EndpointStatus": re.sub(r"(?<!^)(?=[A-Z])", "_", record.status or "").upper(),
        **({"FailureReason": body["FailureReason"]} if body.get("FailureReason") else {}),
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
        "Tags": dict(tags),
    }
    return _plain(detail, milliseconds)


def model_package(before: Record | None, record: Record) -> dict[str, Any]:
    """Of a model package; where it is an update of one, with the names of the fields that changed."""
    detail = {
        **{member: value for member, value in record.body.items() if member not in LEFT_OUT},
        "ModelPackageStatus": record.status,
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
    }
    if before is not None:
        detail["UpdatedModelPackageFields"] = updated_fields(before, record)
    return _plain(detail, iso)


def updated_fields(before: Record, after: Record) -> list[str]:
    """The fields of a model package that an update changed, as its event names them."""
    return [told for member, told in UPDATED_FIELDS.items() if before.body.get(member) != after.body.get(member)]


def _wanted_variants(body: Mapping[str, Any]) -> Mapping[str, Any]:
    pending = body.get("Pending") or {}
    # an update to another configuration makes other variants; these are those that serve until then
    wanted: Mapping[str, Any] = body["Variants"] if "Config" in pending else pending.get("Variants", body["Variants"])
    return wanted


def _variant(name: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    count = {"DesiredInstanceCount": wanted["Count"]} if "Count" in wanted else {}
    return {"VariantName": name, "DesiredWeight": wanted["Weight"], **count}


def _plain(value: Any, told: Callable[[datetime], Any]) -> Any:
    if isinstance(value, datetime):
        return told(value)
    if isinstance(value, Mapping):
        return {key: _plain(member, told) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member, told) for member in value]
    return value
