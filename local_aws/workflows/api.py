"""The API of Step Functions.

Of our own around moto's interpreter, since moto's names all unnamed executions "None", keeps every history in memory,
knows neither pages nor order of one, and loses all executions with the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.model import OperationNotFoundError, StructureShape

from local_aws.sagemaker.errors import UnsupportedOperation
from local_aws.sagemaker.validation import validate_shape
from local_aws.sagemaker.wire import JsonApi
from local_aws.service_shapes import input_shape
from local_aws.workflows import callbacks, execution_operations, state_machines
from local_aws.workflows.workflows import Workflows

SERVICE = "stepfunctions"
TARGET_PREFIX = "AWSStepFunctions."

Operation = Callable[[Workflows, Mapping[str, Any]], dict[str, Any]]
OPERATIONS: dict[str, Operation] = {
    "CreateStateMachine": state_machines.create,
    "UpdateStateMachine": state_machines.update,
    "DescribeStateMachine": state_machines.describe,
    "DeleteStateMachine": state_machines.delete,
    "ListStateMachines": state_machines.all_of,
    "ValidateStateMachineDefinition": state_machines.validate,
    "TagResource": state_machines.add_tags,
    "UntagResource": state_machines.remove_tags,
    "ListTagsForResource": state_machines.tags_of,
    "StartExecution": execution_operations.start,
    "StartSyncExecution": execution_operations.start_and_wait,
    "DescribeExecution": execution_operations.describe,
    "DescribeStateMachineForExecution": execution_operations.describe_state_machine,
    "StopExecution": execution_operations.stop,
    "GetExecutionHistory": execution_operations.history,
    "ListExecutions": execution_operations.all_of,
    "DescribeMapRun": execution_operations.describe_map_run,
    "ListMapRuns": execution_operations.map_runs,
    "SendTaskSuccess": callbacks.succeed,
    "SendTaskFailure": callbacks.fail,
    "SendTaskHeartbeat": callbacks.beat,
}


def workflows_api(workflows: Workflows) -> JsonApi:
    """The WSGI application for the signing name `states`."""
    return JsonApi("Step Functions", TARGET_PREFIX, _shape, partial(answer, workflows))


def answer(workflows: Workflows, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer one call. Raises ServiceError."""
    if operation not in OPERATIONS:
        raise UnsupportedOperation(f"{operation} is not supported by this local AWS.")
    validate_shape(_shape(operation), request)
    return OPERATIONS[operation](workflows, request)


def _shape(operation: str) -> StructureShape:
    try:
        return input_shape(SERVICE, operation)
    except OperationNotFoundError as error:
        raise UnsupportedOperation(f"{operation} is not an operation of Step Functions.") from error
