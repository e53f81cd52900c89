"""Errors of Application Auto Scaling that SageMaker does not have."""

from __future__ import annotations

from local_aws.sagemaker.errors import ServiceError


class ObjectNotFoundException(ServiceError):
    """No such scalable target or scaling policy."""

    code = "ObjectNotFoundException"


class InvalidNextTokenException(ServiceError):
    """A NextToken that no response gave."""

    code = "InvalidNextTokenException"


class ResourceNotFoundException(ServiceError):
    """No scalable target has the ARN (for the operations on tags)."""

    code = "ResourceNotFoundException"
