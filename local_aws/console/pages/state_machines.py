"""State machines, their executions, and one execution with its history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.console.graphs.state_machines import draw_state_machine, visits
from local_aws.console.paging import PAGE_SIZE, page_of
from local_aws.console.view import PageMissing, View, Visit
from local_aws.console.wording import words
from local_aws.sagemaker.errors import ServiceError
from local_aws.workflows.records import EXPRESS, RUNNING
from local_aws.workflows.state_machines import ARN

EVENTS_ON_A_PAGE = 100
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def state_machines(visit: Visit) -> View:
    """All state machines, with the latest execution of each."""
    sources = visit.sources
    machines = sorted(sources.workflows.store.machines(), key=lambda machine: machine.created, reverse=True)
    shown = page_of(machines, visit.request.args)
    latest = {}
    for machine in shown.items:
        found = sources.workflows.store.executions(machine.arn, None, None, 1)
        latest[machine.arn] = found[0][1] if found else None
    live = any(execution is not None and execution.status == RUNNING for execution in latest.values())
    return View("state_machines.html", "State machines", {"shown": shown, "latest": latest}, live)


def state_machine(visit: Visit, name: str) -> View:
    """One state machine, with its executions."""
    sources, arguments = visit.sources, visit.request.args
    try:
        machine = sources.states(
            "DescribeStateMachine", {"stateMachineArn": sources.workflows.arn(f"stateMachine:{name}")}
        )
    except ServiceError as error:
        raise PageMissing(f"There is no state machine {name}.") from error
    status = arguments.get("status", "")
    listed: dict[str, Any] = {"executions": [], "nextToken": None}
    if machine["type"] != EXPRESS:
        listed = _listed(visit, {"stateMachineArn": machine["stateMachineArn"]}, status)
    values = {
        "machine": machine,
        "drawing": draw_state_machine(machine["definition"]),
        "listed": listed,
        "status": status,
        "statuses": STATUSES,
        "token": arguments.get("token", ""),
    }
    running = sum(each["status"] == RUNNING for each in listed["executions"])
    return View("state_machine.html", machine["name"], values, live=running > 0, news=f"{running} running")


def map_run(visit: Visit) -> View:
    """The executions of a map run's items."""
    arn = visit.request.args.get("arn", "")
    try:
        described = visit.sources.states("DescribeMapRun", {"mapRunArn": arn})
    except ServiceError as error:
        raise PageMissing(f"There is no map run {arn}.") from error
    status = visit.request.args.get("status", "")
    values = {
        "run": described,
        "listed": _listed(visit, {"mapRunArn": arn}, status),
        "status": status,
        "statuses": STATUSES,
        "token": visit.request.args.get("token", ""),
    }
    return View("map_run.html", "Map run", values, described["status"] == RUNNING, words(described["status"]))


def state_execution(visit: Visit) -> View:
    """One execution."""
    sources, arn = visit.sources, visit.request.args.get("arn", "")
    try:
        execution = sources.states("DescribeExecution", {"executionArn": arn})
        machine = sources.states("DescribeStateMachineForExecution", {"executionArn": arn})
    except (ServiceError, KeyError) as error:
        raise PageMissing(f"There is no execution {arn}.") from error
    running = execution["status"] == RUNNING
    events = sources.workflows.executions.history(arn)
    map_runs = sources.states("ListMapRuns", {"executionArn": arn, "maxResults": PAGE_SIZE})["mapRuns"]
    definition = _interpreted(machine["definition"], execution)
    values = {
        "execution": execution,
        "machine": _machine_of(execution),
        "drawing": draw_state_machine(definition, visits(events, running)) if definition else None,
        "shown": page_of(events, visit.request.args, EVENTS_ON_A_PAGE),
        "details": _details,
        "map_runs": [sources.states("DescribeMapRun", {"mapRunArn": run["mapRunArn"]}) for run in map_runs],
    }
    return View("state_execution.html", execution["name"], values, running, words(execution["status"]))


def _listed(visit: Visit, parent: Mapping[str, str], status: str) -> dict[str, Any]:
    request: dict[str, Any] = {**parent, "maxResults": PAGE_SIZE}
    if status in STATUSES:
        request["statusFilter"] = status
    if token := visit.request.args.get("token"):
        request["nextToken"] = token
    return visit.sources.states("ListExecutions", request)


def _machine_of(execution: Mapping[str, Any]) -> str:
    match = ARN.fullmatch(execution["stateMachineArn"])
    return match["name"] if match else ""


def _interpreted(definition: str, execution: Mapping[str, Any]) -> str:
    """What the execution went through: of a map run's item, the item processor alone; empty where that is gone."""
    label = execution["stateMachineArn"].partition("/")[2]
    if not label:
        return definition
    found = _processor(json.loads(definition), label)
    return json.dumps(found) if found else ""


def _processor(machine: Mapping[str, Any], label: str) -> Mapping[str, Any] | None:
    for name, state in machine["States"].items():
        processor = state.get("ItemProcessor") or state.get("Iterator")
        if processor and state.get("Label", name) == label:
            return dict(processor)
        for inner in [*(state.get("Branches") or []), *([processor] if processor else [])]:
            if found := _processor(inner, label):
                return found
    return None


def _details(event: Mapping[str, Any]) -> tuple[str, Any]:
    """The state of an event, where it names one, and all that it says."""
    for member, value in event.items():
        if member.endswith("EventDetails"):
            return str(value.get("name", "")), value
    return "", {}
