"""The errors that the CloudFormation API answers with."""

from __future__ import annotations


class CloudFormationError(Exception):
    """`code` is what boto3 shows as `Error.Code`."""

    code = "ValidationError"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationError(CloudFormationError):
    """The request or its template is malformed, or names what is not there."""


class AlreadyExists(CloudFormationError):
    """A stack of that name is there."""

    code = "AlreadyExistsException"


class InsufficientCapabilities(CloudFormationError):
    """The template makes roles, and the request does not acknowledge that."""

    code = "InsufficientCapabilitiesException"


class UnsupportedOperation(CloudFormationError):
    """The service has this operation, this local one does not."""

    code = "UnsupportedOperation"


class ResourceFailed(Exception):
    """A resource could not be made, changed or deleted; the message is its ResourceStatusReason."""
