"""The API of Step Functions.

Of our own around moto's interpreter, since moto's names all unnamed executions "None", keeps every history in memory,
knows neither pages nor order of one, and loses all executions with the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.json_service import JsonService
from local_aws.workflows import callbacks, execution_operations, state_machines
from local_aws.workflows.workflows import Workflows

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


STATES = JsonService[Workflows]("Step Functions", "stepfunctions", "AWSStepFunctions.", OPERATIONS)
