"""The errors of EventBridge, by the names that its API declares, and what a delivery may come to."""

from __future__ import annotations

from local_aws.sagemaker.errors import ServiceError


class InvalidEventPatternException(ServiceError):
    """The event pattern is not one."""

    code = "InvalidEventPatternException"


class LimitExceededException(ServiceError):
    """A quota of the service is exhausted."""

    code = "LimitExceededException"


class ResourceAlreadyExistsException(ServiceError):
    """The name is taken."""

    code = "ResourceAlreadyExistsException"


class ResourceNotFoundException(ServiceError):
    """There is no such event bus, rule or tagged resource."""

    code = "ResourceNotFoundException"


class NotDelivered(Exception):
    """A target did not take an event. `code` is what a dead letter says as ERROR_CODE.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Refused(NotDelivered):
    """It never will: the target is not there, may not be used, or cannot use this input. Not tried again."""


class TryAgain(NotDelivered):
    """It may later: the target is throttled or has a fault of its own. Tried again as the retry policy says."""


class FunctionFailed(Exception):
    """The function was invoked and failed. Lambda, not EventBridge, tries again: `retries` times in all."""

    def __init__(self, retries: int, message: str) -> None:
        super().__init__(message)
        self.retries = retries
