"""The errors that the SageMaker runtime answers with, in the wire form of its REST-JSON protocol.

Names and statuses are those of botocore's model of `sagemaker-runtime`; wordings are the service's own, as callers
have published them. boto3 finds an error's class by the header `x-amzn-ErrorType`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

# the longest Message and OriginalMessage in the service's model
LONGEST_MESSAGE = 2048
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
PROCESS_EXITED = "An error occurred while handling request as the model process exited."


class RuntimeServiceError(Exception):
    """An answer of the runtime other than success. `code` is what boto3 shows as `Error.Code`."""

    code = "InternalFailure"
    http_status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def members(self) -> Mapping[str, Any]:
        """The members of the error's shape."""
        return {"Message": self.message}

    def content(self) -> tuple[str, bytes]:
        """The content type and the body of the answer."""
        return "application/json", json.dumps(self.members(), separators=(",", ":")).encode()

    def headers(self) -> list[tuple[str, str]]:
        """The headers that this error has and others have not."""
        return [("x-amzn-ErrorType", self.code)]

    @property
    def status_line(self) -> str:
        """Status and phrase."""
        return f"{self.http_status} {HTTPStatus(self.http_status).phrase}"


class ValidationError(RuntimeServiceError):
    """The request is malformed, or names what is not there."""

    code = "ValidationError"
    http_status = 400


class ServiceUnavailable(RuntimeServiceError):
    """The endpoint has no instance that could take the request just now; boto3 tries again by itself."""

    code = "ServiceUnavailable"
    http_status = 503


class ThrottlingException(RuntimeServiceError):
    """More requests at a time than a serverless variant takes; boto3 tries again by itself."""

    code = "ThrottlingException"
    http_status = 400


class PayloadTooLarge(RuntimeServiceError):
    """The body is beyond the limit; the service's front refuses it in plain text and without a code."""

    code = "413"
    http_status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"HTTP content length exceeded {limit} bytes.")

    def content(self) -> tuple[str, bytes]:
        """The message alone."""
        return "text/plain", self.message.encode()

    def headers(self) -> list[tuple[str, str]]:
        """None: boto3 then shows the status as the code."""
        return []


class ModelError(RuntimeServiceError):
    """The model answered with an error, too late, or not at all."""

    code = "ModelError"
    http_status = 424

    def __init__(self, status: int, original: str, log_group: str, region: str, account_id: str) -> None:
        """`status` is the model's own, 0 where it gave no answer; `original` is what it said, or why it did not."""
        self.original_status = status
        self.original = original[:LONGEST_MESSAGE]
        self.by_client = 400 <= status < 500
        self.log_group_arn = f"arn:aws:logs:{region}:{account_id}:log-group:{log_group}"
        said = f'with message "{original}"'
        if len(original) > LONGEST_MESSAGE:
            said = "and could not load the entire response body"
        console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        super().__init__(
            f"Received {'client' if self.by_client else 'server'} error ({status}) from primary {said}. "
            f"See {console}#logEventViewer:group={log_group} in account {account_id} for more information."
        )

    def members(self) -> Mapping[str, Any]:
        """With the model's own status and message, and where its log is."""
        return {
            "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if self.by_client else "INTERNAL_FAILURE_FROM_MODEL",
            "LogStreamArn": self.log_group_arn,
            "Message": self.message,
            "OriginalMessage": self.original,
            "OriginalStatusCode": self.original_status,
        }
