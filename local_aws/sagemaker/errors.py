"""The errors that the SageMaker API answers with.

The codes and message forms are those of the service, because callers match on them: the SDK's `upsert`, for one,
tells create from update by the words of a ValidationException.
"""

from __future__ import annotations


class ServiceError(Exception):
    """An answer of the API other than success.

    `code` is what boto3 shows as `Error.Code`, `message` as `Error.Message`, `http_status` the response's status.
    """

    code = "InternalFailure"
    http_status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationException(ServiceError):
    """The request is malformed, or names something that cannot be used like this."""

    code = "ValidationException"


class ResourceNotFound(ServiceError):
    """The named resource does not exist (for the operations that declare this error)."""

    code = "ResourceNotFound"


class ResourceInUse(ServiceError):
    """The name is taken (for the operations that declare this error)."""

    code = "ResourceInUse"


class ConflictException(ServiceError):
    """Another change of the same resource is going on."""

    code = "ConflictException"


class ResourceLimitExceeded(ServiceError):
    """A quota of the service is exhausted."""

    code = "ResourceLimitExceeded"


class UnsupportedOperation(ServiceError):
    """The real service has this operation, this local one does not: refused rather than pretended."""

    code = "UnknownOperationException"


class InternalFailure(ServiceError):
    """A fault of this server; the log file has the traceback."""

    code = "InternalFailure"
    http_status = 500
