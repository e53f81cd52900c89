"""A service with an API of its own in JSON 1.1: its operations by name, each request held to botocore's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from botocore.model import OperationNotFoundError, StructureShape

from local_aws.sagemaker.errors import UnsupportedOperation
from local_aws.sagemaker.validation import validate_shape
from local_aws.sagemaker.wire import JsonApi
from local_aws.service_shapes import input_shape

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class JsonService(Generic[Subject]):
    """`name` is for people, `boto` botocore's name for it, `target_prefix` stands before an operation in X-Amz-Target.

    An operation takes what the service acts upon, and a valid request.
    """

    name: str
    boto: str
    target_prefix: str
    operations: Mapping[str, Callable[[Subject, dict[str, Any]], dict[str, Any]]]

    def api(self, subject: Subject) -> JsonApi:
        """The WSGI application."""
        return JsonApi(self.name, self.target_prefix, self.shape, partial(self.answer, subject))

    def answer(self, subject: Subject, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one call. Raises ServiceError."""
        self.check(operation, request)
        return self.operations[operation](subject, request)

    def check(self, operation: str, request: dict[str, Any]) -> None:
        """Raises UnsupportedOperation, ValidationException."""
        if operation not in self.operations:
            raise UnsupportedOperation(f"{operation} is not supported by this local AWS.")
        validate_shape(self.shape(operation), request)

    def shape(self, operation: str) -> StructureShape:
        """The shape of an operation's request. Raises UnsupportedOperation."""
        try:
            return input_shape(self.boto, operation)
        except OperationNotFoundError as error:
            raise UnsupportedOperation(f"{operation} is not an operation of {self.name}.") from error
