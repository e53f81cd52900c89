"""Tags of scalable targets."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.store import RecordNotFound
from local_aws.scaling.errors import ResourceNotFoundException
from local_aws.scaling.records import TARGET
from local_aws.scaling.scaler import Scaler


def add(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer TagResource. Raises ResourceNotFoundException."""
    scaler.records.store.put_tags(_arn(scaler, request), request["Tags"])
    return {}


def remove(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer UntagResource. Raises ResourceNotFoundException."""
    scaler.records.store.remove_tags(_arn(scaler, request), request["TagKeys"])
    return {}


def all_of(scaler: Scaler, request: dict[str, Any]) -> dict[str, Any]:
    """Answer ListTagsForResource. Raises ResourceNotFoundException."""
    return {"Tags": scaler.records.store.tags(_arn(scaler, request))}


def _arn(scaler: Scaler, request: dict[str, Any]) -> str:
    arn = str(request["ResourceARN"])
    try:
        known = scaler.records.store.find_arn(arn).kind == TARGET
    except RecordNotFound:
        known = False
    if not known:
        raise ResourceNotFoundException(f"No scalable target has the ARN {arn}.")
    return arn
