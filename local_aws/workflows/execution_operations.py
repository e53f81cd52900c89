"""The operations on executions and map runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.workflows.children import described_map_run
from local_aws.workflows.errors import InvalidArn, ResourceNotFound, StateMachineTypeNotSupported
from local_aws.workflows.paging import page, position, size, write
from local_aws.workflows.records import EXPRESS, STANDARD, SUCCEEDED, Execution
from local_aws.workflows.reports import DATA
from local_aws.workflows.state_machines import described_machine, find
from local_aws.workflows.workflows import Workflows

INCLUDED = {"included": True}


def start(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """StartExecution."""
    machine = find(workflows, request["stateMachineArn"])
    execution = workflows.executions.start(machine, request.get("name"), request.get("input", "{}"))
    return {"executionArn": execution.arn, "startDate": execution.started}


def start_and_wait(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """StartSyncExecution, for express state machines."""
    machine = find(workflows, request["stateMachineArn"])
    if machine.type != EXPRESS:
        raise StateMachineTypeNotSupported("This operation is not supported by this type of state machine")
    ended = workflows.executions.start_and_wait(machine, request.get("name"), request.get("input", "{}"))
    status = "SUCCEEDED" if ended.status == SUCCEEDED else "TIMED_OUT" if ended.status == "TIMED_OUT" else "FAILED"
    took = int((ended.stopped - ended.started).total_seconds() * 1000) if ended.stopped else 0
    billing = {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": (took // 100 + 1) * 100}
    return {**_described(ended), "status": status, "billingDetails": billing}


def describe(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeExecution."""
    execution = workflows.executions.execution(_arn(request))
    return {**_described(execution), "status": execution.status, "mapRunArn": execution.map_run_arn}


def describe_state_machine(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeStateMachineForExecution: as it was when the execution began."""
    execution = workflows.executions.execution(_arn(request))
    machine = workflows.store.revision(execution.revision_id)
    return {**described_machine(machine), "updateDate": machine.updated, "mapRunArn": execution.map_run_arn}


def stop(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """StopExecution; one that has ended stays as it is."""
    execution = workflows.executions.stop(_arn(request), request.get("error"), request.get("cause"))
    return {"stopDate": execution.stopped}


def history(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """GetExecutionHistory."""
    events = workflows.executions.history(_arn(request))
    backwards = bool(request.get("reverseOrder"))
    if backwards:
        # places are counted from the first event, so that a page does not move while events are added
        before = position(request, f"{request['executionArn']} backwards") or len(events)
        first = max(0, before - size(request))
        shown = events[first:before][::-1]
        token = write(first, f"{request['executionArn']} backwards") if first else None
    else:
        found, token = page(events, request, request["executionArn"])
        shown = list(found)
    if not request.get("includeExecutionData", True):
        shown = [_without_data(event) for event in shown]
    return {"events": shown, "nextToken": token}


def all_of(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListExecutions, of a state machine or of a map run, latest first."""
    machine_arn, map_run_arn = request.get("stateMachineArn"), request.get("mapRunArn")
    if (machine_arn is None) == (map_run_arn is None):
        raise ValidationException("Exactly one of stateMachineArn and mapRunArn must be specified")
    if machine_arn is not None and find(workflows, machine_arn).type != STANDARD:
        raise StateMachineTypeNotSupported("This operation is not supported by this type of state machine")
    if map_run_arn is not None:
        _map_run(workflows, map_run_arn)
    parent = machine_arn or map_run_arn or ""
    limit, before = size(request), position(request, parent)
    found = workflows.store.executions(
        parent, request.get("statusFilter"), before, limit + 1, children=map_run_arn is not None
    )
    token = write(found[limit - 1][0], parent) if len(found) > limit else None
    return {"executions": [_summary(execution) for _, execution in found[:limit]], "nextToken": token}


def describe_map_run(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeMapRun."""
    described = _map_run(workflows, request["mapRunArn"])
    return {name: _moment(name, value) for name, value in described.items() if name != "stateMachineArn"}


def map_runs(workflows: Workflows, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListMapRuns, of one execution, oldest first."""
    execution = workflows.executions.execution(_arn(request))
    members = ("executionArn", "mapRunArn", "stateMachineArn", "startDate", "stopDate")
    runs = [
        {name: _moment(name, found[name]) for name in members if name in found}
        for found in workflows.store.map_runs(execution.arn)
    ]
    shown, token = page(runs, request, f"{execution.arn} map runs")
    return {"mapRuns": shown, "nextToken": token}


def _arn(request: Mapping[str, Any]) -> str:
    arn = str(request["executionArn"])
    if ":states:" not in arn:
        raise InvalidArn(f"Invalid Arn: '{arn}'")
    return arn


def _map_run(workflows: Workflows, arn: str) -> dict[str, Any]:
    for run in workflows.executions.runs():
        record = run.environment.map_run_record_pool_manager.get(arn)
        if record is not None:
            return described_map_run(record)
    try:
        return workflows.store.map_run(arn)
    except KeyError as error:
        raise ResourceNotFound(f"Resource not found: '{arn}'") from error


def _moment(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value.replace("Z", "+00:00")) if name in ("startDate", "stopDate") else value


def _described(execution: Execution) -> dict[str, Any]:
    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "startDate": execution.started,
        "stopDate": execution.stopped,
        "input": execution.input,
        "inputDetails": INCLUDED,
        "output": execution.output,
        "outputDetails": INCLUDED if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
    }


def _summary(execution: Execution) -> dict[str, Any]:
    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started,
        "stopDate": execution.stopped,
        "mapRunArn": execution.map_run_arn,
    }


def _without_data(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {member: value for member, value in part.items() if member not in DATA}
        if isinstance(part, Mapping)
        else part
        for name, part in event.items()
    }
