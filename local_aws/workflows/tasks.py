"""Task states of moto's interpreter, handed to the services of this local AWS."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda

from local_aws.functions.errors import InvocationRefused
from local_aws.functions.function import FunctionAnswer, FunctionNotFound
from local_aws.moto_patches.replacing import replace
from local_aws.workflows.integrations import AWS_SDK, boto_service, from_boto, operation_model, to_boto
from local_aws.workflows.moto_faults import replace_everywhere

# each is a process for every function that it invokes; more invocations wait for their turn
INVOCATIONS_AT_ONCE = 4 + 2 * (os.cpu_count() or 1)
LONGEST_CALL_SECONDS = 900


class Invoke(Protocol):
    """How functions are invoked: local_aws.functions.functions.Functions.invoke."""

    def __call__(
        self, function: str, payload: bytes, *, qualifier: str | None = None, log_tail: bool = False
    ) -> FunctionAnswer:
        """Execute and wait. Raises FunctionNotFound, InvocationRefused."""


@dataclass(frozen=True)
class Surroundings:
    """What tasks act upon."""

    invoke: Invoke
    endpoint_url: str


_AROUND: list[Surroundings] = []
_TURNS = threading.BoundedSemaphore(INVOCATIONS_AT_ONCE)
_CLIENTS = threading.Lock()


def act_on(surroundings: Surroundings) -> None:
    """Hand every task to these services from now on."""
    _AROUND[:] = [surroundings]


def client(region: str, service: str, state_credentials: Any = None) -> Any:
    """A boto3 client of this local AWS, the same one for the same service: making one takes longer than a call."""
    with _CLIENTS:
        return _client(region, service, _AROUND[0].endpoint_url)


def install() -> None:
    """Let moto's tasks use these, for this process."""
    replace_everywhere("boto_client_for", client)
    replace_everywhere("execute_lambda_function_integration", _execute_function)
    lambda_eval_utils.execute_lambda_function_integration = _execute_function
    _convert_values()
    _name_services()
    _name_function_errors()


@lru_cache(64)
def _client(region: str, service: str, endpoint_url: str) -> Any:
    config = Config(
        retries={"total_max_attempts": 1},
        parameter_validation=False,
        max_pool_connections=INVOCATIONS_AT_ONCE,
        connect_timeout=5,
        read_timeout=LONGEST_CALL_SECONDS,
    )
    session = boto3.session.Session(aws_access_key_id="states", aws_secret_access_key="states", region_name=region)  # noqa: S106
    return session.client(service, endpoint_url=endpoint_url, config=config)


def _execute_function(env: Any, parameters: dict[str, Any], region: str, state_credentials: Any) -> None:
    """Without HTTP: a workflow's functions would otherwise hold the server's threads, which they need themselves."""
    try:
        with _TURNS:
            answer = _AROUND[0].invoke(
                parameters["FunctionName"], parameters["Payload"], qualifier=parameters.get("Qualifier")
            )
    except FunctionNotFound as error:
        raise _client_error("ResourceNotFoundException", str(error), 404) from error
    except InvocationRefused as error:
        raise _client_error(error.code, error.message, int(error.http_status[:3])) from error
    payload = json.loads(answer.payload or b"null")
    if answer.function_error:
        text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
        raise lambda_eval_utils.LambdaFunctionErrorException(answer.function_error, text)
    env.stack.append({"ExecutedVersion": answer.executed_version, "Payload": payload, "StatusCode": answer.status_code})


def _client_error(code: str, message: str, status: int) -> ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": "local"}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "Invoke")


def _convert_values() -> None:
    """moto passed parameters and responses on as they were: names of JSON services were wrong, times unreadable."""

    def model(task: StateTaskService) -> OperationModel:
        return operation_model(boto_service(task.resource.api_name), task.resource.api_action)

    def normalise_parameters(task: StateTaskService, parameters: dict[str, Any], *_args: Any, **_kwargs: Any) -> None:
        converted = to_boto(model(task).input_shape, parameters)
        parameters.clear()
        parameters.update(converted)

    def normalise_response(task: StateTaskService, response: Any, *_args: Any, **kwargs: Any) -> None:
        action = kwargs.get("service_action_name")
        operation = model(task)
        if action:
            operation = operation.service_model.operation_model("".join(p.title() for p in action.split("_")))
        converted = from_boto(operation.output_shape, response)
        if isinstance(response, dict):
            response.clear()
            response.update(converted)

    def boto_name(task: StateTaskService, name: str | None = None) -> str:
        return boto_service(name or task.resource.api_name)

    replace(StateTaskService, _normalise_parameters=normalise_parameters)
    replace(StateTaskService, _normalise_response=normalise_response)
    replace(StateTaskService, _get_boto_service_name=boto_name)


def _name_services() -> None:
    """Errors of aws-sdk integrations begin with the service's name as the service is written."""
    errors = {name: service.errors for name, service in AWS_SDK.items()}
    state_task_service_aws_sdk._SERVICE_ERROR_NAMES.update(errors)


def _name_function_errors() -> None:
    """A task by a function's ARN that could not be invoked failed with "Exception" rather than Lambda's error."""
    otherwise = StateTaskLambda._from_error

    def from_error(task: StateTaskLambda, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, ClientError):
            return otherwise(task, env, ex)
        error, cause = StateTaskServiceLambda._error_cause_from_client_error(ex)
        details: Any = {"lambdaFunctionFailedEventDetails": {"error": error, "cause": cause}}
        return FailureEvent(env, CustomErrorName(error), HistoryEventType.LambdaFunctionFailed, details)

    replace(StateTaskLambda, _from_error=from_error)
