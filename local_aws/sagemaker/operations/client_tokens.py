"""Requests with a client token: sent twice, they make one resource."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ConflictException
from local_aws.sagemaker.store import RecordExists, RecordNotFound

KIND = "ClientToken"
TOKEN_MEMBERS = ("ClientRequestToken", "ClientToken")


def made_before(context: Context, operation: str, request: dict[str, Any]) -> str | None:
    """The ARN that an earlier request with the same token made, if that resource is still there.

    Raises ConflictException where the token came with another request.
    """
    name = _record_name(operation, request)
    if name is None:
        return None
    try:
        body = context.store.get(KIND, name).body
        context.store.find_arn(body["Arn"])
    except RecordNotFound:
        return None
    if body["Digest"] != _digest(request):
        raise ConflictException("The client token was already used in a request with other parameters.")
    arn: str = body["Arn"]
    return arn


def remember(context: Context, operation: str, request: dict[str, Any], arn: str) -> None:
    """Keep what the request's token made; nothing where the request has no token."""
    name = _record_name(operation, request)
    if name is None:
        return
    body = {"Arn": arn, "Digest": _digest(request)}
    try:
        # the record has no ARN of its own, so that looking up the resource's finds the resource
        context.store.insert(KIND, name, "", body)
    except RecordExists:
        context.store.update(KIND, name, **body)


def _record_name(operation: str, request: dict[str, Any]) -> str | None:
    tokens = [request[member] for member in TOKEN_MEMBERS if request.get(member)]
    return f"{operation} {tokens[0]}" if tokens else None


def _digest(request: dict[str, Any]) -> str:
    meant = {member: value for member, value in request.items() if member not in TOKEN_MEMBERS}
    return hashlib.sha256(json.dumps(meant, sort_keys=True, default=str).encode()).hexdigest()
