"""Errors of this server's own services, as what a delivery comes to."""

from __future__ import annotations

from local_aws.events.errors import NotDelivered, Refused, TryAgain
from local_aws.sagemaker.errors import ServiceError

NOT_THERE = ("StateMachineDoesNotExist", "ResourceNotFound", "ResourceNotFoundException")
THROTTLED = ("ResourceLimitExceeded", "ThrottlingException", "ConflictException")


def not_delivered(error: ServiceError) -> NotDelivered:
    """What is there to be raised instead."""
    if error.code in THROTTLED:
        return TryAgain("THROTTLING", error.message)
    if error.http_status >= 500:
        return TryAgain("INTERNAL_ERROR", error.message)
    return Refused("NO_RESOURCE" if error.code in NOT_THERE else "INVALID_PARAMETER", error.message)
