"""moto's interpreter with its faults repaired, and what executions rely on."""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import threading
import time
import tracemalloc
import weakref
from types import SimpleNamespace

import moto
import pytest

from local_aws.moto_patches import MotoVersionMismatch
from local_aws.workflows import moto_faults
from tests.unit.local_aws_workflows_service import FUNCTION, FunctionFailed, Workflows, task
from tests.waiting import PATIENCE_SECONDS, wait_until


@pytest.fixture
def workflows(tmp_path):
    made = Workflows(tmp_path)
    yield made
    made.executions.shutdown()
    made.store.close()


def fail(name, message=""):
    def function(_event):
        raise FunctionFailed(name, message)

    return function


def test_another_version_of_moto_is_refused(monkeypatch):
    monkeypatch.setattr(moto, "__version__", "5.3.0")
    with pytest.raises(MotoVersionMismatch, match=r"found 5\.3\.0"):
        moto_faults.install()


def test_an_error_that_a_fail_state_or_a_branch_passes_on_keeps_its_reserved_name(workflows):
    states = {"F": {"Type": "Fail", "ErrorPath": "$.error", "Cause": "so"}}
    ended = workflows.once(states, {"error": "States.Timeout"})
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "States.Timeout", "so")
    branch = {"StartAt": "F", "States": states}
    for outer in (
        {"Type": "Parallel", "Branches": [branch], "End": True},
        {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": branch, "End": True},
    ):
        ended = workflows.once({"Outer": outer}, {"error": "States.Timeout", "items": [{"error": "States.Timeout"}]})
        assert ended.error == "States.Timeout"
        caught = {**outer, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Done"}]}
        states_ = {"Outer": caught, "Done": {"Type": "Pass", "OutputPath": "$.Error", "End": True}}
        given = {"error": "States.Timeout", "items": [{"error": "States.Timeout"}]}
        assert workflows.output(states_, given) == "States.Timeout"


def test_the_wildcards_catch_what_the_services_do(workflows):
    workflows.functions["broken"] = fail("Broken")
    for wildcard in ("States.ALL", "States.TaskFailed"):
        catch = [{"ErrorEquals": [wildcard], "Next": "Done"}]
        done = {"Type": "Succeed"}
        assert workflows.once({"T": task("broken", Catch=catch), "Done": done}).status == "SUCCEEDED"
        # a path that leads nowhere is an error of the definition, which no wildcard catches
        state = {"Type": "Parallel", "Branches": [], "Catch": catch, "End": True}
        state["Branches"] = [{"StartAt": "P", "States": {"P": {"Type": "Pass", "InputPath": "$.no", "End": True}}}]
        ended = workflows.once({"Outer": state, "Done": done})
        assert (ended.status, ended.error) == ("FAILED", "States.Runtime")


def test_a_function_that_is_not_there_has_lambdas_error_by_both_ways(workflows):
    for state in (task("absent"), {"Type": "Task", "Resource": FUNCTION + "absent", "End": True}):
        ended = workflows.once({"T": state})
        assert (ended.status, ended.error) == ("FAILED", "Lambda.ResourceNotFoundException")
        assert "Function not found" in ended.cause


def test_retries_wait_longer_each_time_and_end(workflows, monkeypatch):
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

    waits, calls = [], []
    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=waits.append))

    def function(event):
        calls.append(event)
        raise FunctionFailed("Busy" if len(calls) < 6 else "Broken", "x")

    workflows.functions["busy"] = function
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 20, "MaxAttempts": 4}]
    ended = workflows.once({"T": task("busy", Retry=retry)}, {"n": 1})
    assert (ended.status, ended.error) == ("FAILED", "Busy")
    assert waits == [2, 6, 18, 20]
    assert calls == [{"n": 1}] * 5
    kinds = [event["type"] for event in workflows.executions.history(ended.arn)]
    assert kinds.count("TaskFailed") == 5


def test_executions_share_a_definition_and_nothing_else(workflows):
    """Attempts are counted for each execution, also where many run the same parsed definition."""
    calls: dict[int, int] = {}

    def function(event):
        calls[event["n"]] = calls.get(event["n"], 0) + 1
        if calls[event["n"]] < 3:
            raise FunctionFailed("Busy")
        return event["n"]

    workflows.functions["busy"] = function
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

    original = retrier_decl.time
    retrier_decl.time = SimpleNamespace(sleep=lambda _seconds: time.sleep(0.001))
    try:
        machine = workflows.machine({"T": task("busy", Retry=retry)})
        arns = [workflows.executions.start(machine, None, json.dumps({"n": n})).arn for n in range(20)]
        outputs = [workflows.ended(arn).output for arn in arns]
    finally:
        retrier_decl.time = original
    assert outputs == [str(n) for n in range(20)]
    assert set(calls.values()) == {3}


def test_nothing_of_an_execution_stays_in_memory_when_it_has_ended(workflows):
    workflows.functions["echo"] = lambda event: event
    machine = workflows.machine({"T": task("echo")})
    given = {"picture": "x" * 1000}
    started = workflows.executions.start(machine, None, json.dumps(given))
    runs = [weakref.ref(run) for run in workflows.executions.runs()]
    workflows.ended(started.arn)

    def forgotten() -> bool:
        gc.collect()
        return all(ref() is None for ref in runs)

    wait_until(forgotten, "the execution to be forgotten")
    assert workflows.executions.history(started.arn)[-1]["type"] == "ExecutionSucceeded"


def test_memory_does_not_grow_with_the_number_of_executions(workflows):
    workflows.functions["echo"] = lambda event: event
    machine = workflows.machine({"A": task("echo", Next="B"), "B": task("echo")})

    def execute(times: int) -> int:
        for number in range(times):
            workflows.run(machine, {"picture": "x" * 50_000, "n": number})
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    execute(2)
    tracemalloc.start()
    try:
        grown = -execute(2) + execute(60)
    finally:
        tracemalloc.stop()
    assert grown < 500_000


def test_a_stopped_execution_leaves_no_thread_behind(workflows):
    wait = {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}
    both = {"Type": "Parallel", "Branches": [{"StartAt": "W", "States": wait}] * 2, "End": True}
    before = threading.active_count()
    machine = workflows.machine({"B": both})
    arns = [workflows.executions.start(machine, None, "{}").arn for _ in range(4)]
    wait_until(lambda: threading.active_count() >= before + 4 * 3, "their threads to begin")
    for arn in arns:
        workflows.executions.stop(arn, None, None)
    wait_until(lambda: threading.active_count() <= before, "their threads to end")


def test_what_went_through_a_state_is_not_in_the_servers_log(workflows, caplog):
    workflows.functions["broken"] = fail("Broken", "secret")
    with caplog.at_level(logging.INFO):
        ended = workflows.once({"T": task("broken")}, {"picture": "secret"})
    assert "secret" in ended.cause
    assert "secret" not in caplog.text


def test_an_execution_that_takes_too_long_times_out_while_its_task_goes_on(workflows):
    release = threading.Event()
    workflows.functions["slow"] = lambda _event: release.wait(PATIENCE_SECONDS)
    machine = workflows.machine({"T": task("slow")}, TimeoutSeconds=1)
    try:
        ended = workflows.run(machine)
    finally:
        release.set()
    assert ended.status == "TIMED_OUT"
    assert workflows.executions.history(ended.arn)[-1]["type"] == "ExecutionTimedOut"


def test_a_task_that_takes_too_long_is_an_error_that_can_be_caught(workflows):
    release = threading.Event()
    workflows.functions["slow"] = lambda _event: release.wait(PATIENCE_SECONDS)
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Done"}]
    try:
        ended = workflows.once({"T": task("slow", TimeoutSeconds=1, Catch=catch), "Done": {"Type": "Succeed"}})
    finally:
        release.set()
    assert ended.status == "SUCCEEDED"


def test_the_context_object_and_intrinsic_functions_are_json(workflows):
    parameters = {
        "started.$": "$$.Execution.StartTime",
        "given.$": "$$.Execution.Input",
        "machine.$": "$$.StateMachine.Name",
        "hash.$": "States.Hash($.text, 'SHA-256')",
        "merged.$": "States.JsonMerge($.a, $.b, false)",
        "read.$": "States.StringToJson($.json)",
        "text.$": "States.Format('{} of {}', 1, $.text)",
    }
    given = {"text": "ü", "a": {"x": 1, "y": 1}, "b": {"y": 2}, "json": '{"k": [1]}'}
    output = workflows.output({"P": {"Type": "Pass", "Parameters": parameters, "End": True}}, given)
    assert output["started"].startswith("2030-01-01T00:00:00.") and output["started"].endswith("Z")
    assert (output["given"], output["machine"]) == (given, "machine")
    assert output["hash"] == hashlib.sha256("ü".encode()).hexdigest()
    assert output["merged"] == {"x": 1, "y": 2}
    assert (output["read"], output["text"]) == ({"k": [1]}, "1 of ü")
