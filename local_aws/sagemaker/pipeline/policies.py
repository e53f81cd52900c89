"""The policies that a step may carry: retrying after a failure, reusing an earlier run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from local_aws.sagemaker.pipeline.durations import BadDuration, parse_duration
from local_aws.sagemaker.pipeline.structure import CachePolicy, RetryPolicy

STEP_EXCEPTIONS = ("Step.SERVICE_FAULT", "Step.THROTTLING")
JOB_EXCEPTIONS = ("SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT")
EXCEPTIONS = (*STEP_EXCEPTIONS, *JOB_EXCEPTIONS)

# The ranges of the developer guide, "The JSON schema for the retry policy".
MOST_INTERVAL_SECONDS = 43_200
MOST_ATTEMPTS = 20
MOST_MINUTES = 14_400
DEFAULT_ATTEMPTS = 5

# What is retried where no policy of the step speaks of it.
DEFAULT_POLICY = RetryPolicy(frozenset(STEP_EXCEPTIONS))


class BadPolicy(Exception):
    """A CacheConfig or RetryPolicies that breaks its rules; the message says which."""


def parse_cache(document: Any) -> CachePolicy | None:
    """A step's CacheConfig, None where it has none. Raises BadPolicy."""
    if document is None:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("Enabled"), bool):
        raise BadPolicy("CacheConfig needs the member Enabled (true or false)")
    expiry = document.get("ExpireAfter")
    if expiry is None:
        return CachePolicy(document["Enabled"])
    if not isinstance(expiry, str):
        raise BadPolicy("ExpireAfter of CacheConfig must be a string")
    try:
        return CachePolicy(document["Enabled"], parse_duration(expiry))
    except BadDuration as error:
        raise BadPolicy(f"ExpireAfter of CacheConfig: {error}") from error


def parse_retries(documents: Any) -> tuple[RetryPolicy, ...]:
    """A step's RetryPolicies. Raises BadPolicy."""
    if not isinstance(documents or [], list):
        raise BadPolicy("RetryPolicies must be a list")
    return tuple(_retry(document) for document in documents or [])


def _retry(document: Any) -> RetryPolicy:
    exceptions = document.get("ExceptionType") if isinstance(document, dict) else None
    if not isinstance(exceptions, list) or not exceptions:
        raise BadPolicy("a retry policy needs the member ExceptionType, a list")
    for exception in exceptions:
        if exception not in EXCEPTIONS:
            raise BadPolicy(f"the ExceptionType {exception!r} is not one of {', '.join(EXCEPTIONS)}")
    if "MaxAttempts" in document and "ExpireAfterMin" in document:
        raise BadPolicy("a retry policy has either MaxAttempts or ExpireAfterMin, not both")
    minutes = _number(document, "ExpireAfterMin", None, MOST_MINUTES)
    attempts = _number(document, "MaxAttempts", DEFAULT_ATTEMPTS if minutes is None else None, MOST_ATTEMPTS)
    return RetryPolicy(
        exceptions=frozenset(exceptions),
        interval_seconds=int(_number(document, "IntervalSeconds", 1, MOST_INTERVAL_SECONDS) or 0),
        backoff_rate=_number(document, "BackoffRate", 2.0, float("inf")) or 0.0,
        max_attempts=None if attempts is None else int(attempts),
        expire_after=None if minutes is None else timedelta(minutes=minutes),
    )


def _number(document: dict[str, Any], member: str, default: float | None, most: float) -> float | None:
    value = document.get(member, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadPolicy(f"{member} {value!r} of a retry policy is not a number from 0 to {most:g}")
    return value
