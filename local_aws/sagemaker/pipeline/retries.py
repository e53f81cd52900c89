"""Whether a step that failed is started again, and after how long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.pipeline.policies import DEFAULT_POLICY
from local_aws.sagemaker.pipeline.structure import RetryPolicy

# Where the answer of an API call stands for one of the exception types of retry policies.
THROTTLING_CODES = ("ThrottlingException", "TooManyRequestsException")
SERVER_FAULT = 500


def exception_of(error: ServiceError) -> str | None:
    """The ExceptionType of a refused API call, None for a mistake of the caller."""
    if error.code in THROTTLING_CODES:
        return "Step.THROTTLING"
    if error.code == "ResourceLimitExceeded":
        return "SageMaker.RESOURCE_LIMIT"
    return "Step.SERVICE_FAULT" if error.http_status >= SERVER_FAULT else None


def policy_for(policies: Sequence[RetryPolicy], exception: str | None) -> RetryPolicy | None:
    """The first policy that speaks of the exception; faults of the service are retried without one, too."""
    if exception is None:
        return None
    return next((policy for policy in (*policies, DEFAULT_POLICY) if exception in policy.exceptions), None)


def next_wait(policy: RetryPolicy, attempts: int, since_first: timedelta) -> float | None:
    """The seconds to wait before starting again after `attempts` attempts, None if that was the last.

    The first wait is the policy's interval, each further one larger by its backoff rate.
    """
    retries = attempts - 1
    wait = policy.interval_seconds * policy.backoff_rate**retries
    if policy.max_attempts is not None and retries >= policy.max_attempts:
        return None
    if policy.expire_after is not None and since_first + timedelta(seconds=wait) > policy.expire_after:
        return None
    return wait
