"""The errors of CodeBuild, by the names that its API declares."""

from __future__ import annotations

from local_aws.sagemaker.errors import ServiceError


class InvalidInputException(ServiceError):
    """The request is malformed, or asks for what this local AWS does not have."""

    code = "InvalidInputException"


class ResourceAlreadyExistsException(ServiceError):
    """The name is taken."""

    code = "ResourceAlreadyExistsException"


class ResourceNotFoundException(ServiceError):
    """There is no such project, build, report group or report."""

    code = "ResourceNotFoundException"


class AccountLimitExceededException(ServiceError):
    """More builds at once, or more builds waiting, than are allowed."""

    code = "AccountLimitExceededException"


class PhaseFailed(Exception):
    """A phase of a build cannot succeed: `status_code` and the message are what its context says."""

    def __init__(self, status_code: str, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message
