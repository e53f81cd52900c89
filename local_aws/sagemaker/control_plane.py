"""The SageMaker API as a function: operation name and request in, response out.

Operations register themselves by name. Every request is checked against botocore's service model before its
operation sees it, so an operation can take types, enums, patterns and ranges for granted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import UnsupportedOperation
from local_aws.sagemaker.validation import validate_request

Operation = Callable[[Context, dict[str, Any]], dict[str, Any]]
OPERATIONS: dict[str, Operation] = {}
AnyOperation = TypeVar("AnyOperation", bound=Operation)


def operation(name: str) -> Callable[[AnyOperation], AnyOperation]:
    """Register the function as the API operation `name` (as in botocore, "CreateTrainingJob")."""

    def register(function: AnyOperation) -> AnyOperation:
        OPERATIONS[name] = function
        return function

    return register


class ControlPlane:
    """The operations, bound to a context."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def call(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one API call. Raises a ServiceError, as the service would answer it."""
        handler = OPERATIONS.get(name)
        if handler is None:
            raise UnsupportedOperation(f"{name} is not supported by this local AWS.")
        validate_request(name, request)
        return handler(self.context, request)
