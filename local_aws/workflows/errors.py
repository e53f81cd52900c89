"""The errors that the API of Step Functions answers with, by their codes in botocore's model."""

from __future__ import annotations

from local_aws.sagemaker.errors import ServiceError


class InvalidArn(ServiceError):
    """The ARN is not one of the kind that the operation takes."""

    code = "InvalidArn"


class InvalidName(ServiceError):
    """The name has characters that Step Functions does not allow."""

    code = "InvalidName"


class InvalidDefinition(ServiceError):
    """The definition is no Amazon States Language, or uses what this local AWS cannot execute."""

    code = "InvalidDefinition"


class InvalidExecutionInput(ServiceError):
    """The input of an execution is not JSON."""

    code = "InvalidExecutionInput"


class InvalidOutput(ServiceError):
    """The output given for a task is not JSON."""

    code = "InvalidOutput"


class InvalidToken(ServiceError):
    """The token of a page or of a task is none of this server's."""

    code = "InvalidToken"


class InvalidLoggingConfiguration(ServiceError):
    """The logging configuration names no log group, or more than one."""

    code = "InvalidLoggingConfiguration"


class StateMachineAlreadyExists(ServiceError):
    """A state machine of this name is there with another definition, role, type or logging."""

    code = "StateMachineAlreadyExists"


class StateMachineDoesNotExist(ServiceError):
    """There is no state machine with this ARN."""

    code = "StateMachineDoesNotExist"


class StateMachineTypeNotSupported(ServiceError):
    """The operation is not for state machines of this type."""

    code = "StateMachineTypeNotSupported"


class MissingRequiredParameter(ServiceError):
    """An update that changes nothing."""

    code = "MissingRequiredParameter"


class ExecutionAlreadyExists(ServiceError):
    """The name is taken by an execution that has ended, or that has another input."""

    code = "ExecutionAlreadyExists"


class ExecutionDoesNotExist(ServiceError):
    """There is no execution with this ARN."""

    code = "ExecutionDoesNotExist"


class ResourceNotFound(ServiceError):
    """There is no resource with this ARN (map runs, tagged resources)."""

    code = "ResourceNotFound"


class TaskDoesNotExist(ServiceError):
    """The task has ended."""

    code = "TaskDoesNotExist"


class TaskTimedOut(ServiceError):
    """The task has timed out."""

    code = "TaskTimedOut"
