"""Executions: their names, how they are stopped, queued and recovered; map runs, their tolerance and results."""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from local_aws.workflows import executions as executions_module
from local_aws.workflows.errors import ExecutionAlreadyExists, InvalidExecutionInput, InvalidName
from local_aws.workflows.records import Execution
from local_aws.workflows.reports import ExecutionLogs, ExecutionMetrics, status_change
from local_aws.workflows.result_writer import ResultFiles, Results
from local_aws.workflows.tolerance import Tolerance
from tests.unit.local_aws_workflows_service import FunctionFailed, Workflows, task
from tests.waiting import PATIENCE_SECONDS, wait_until

WAIT = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}
PASS = {"P": {"Type": "Pass", "End": True}}


@pytest.fixture
def workflows(tmp_path):
    made = Workflows(tmp_path)
    yield made
    made.executions.shutdown()
    made.store.close()


def test_an_unnamed_execution_gets_a_name_of_its_own(workflows):
    machine = workflows.machine(PASS)
    names = {workflows.run(machine).name for _ in range(3)}
    assert len(names) == 3
    assert "None" not in names


def test_a_name_is_taken_once_but_the_same_start_again_is_the_same_execution(workflows):
    machine = workflows.machine(WAIT)
    first = workflows.executions.start(machine, "one", "{}")
    assert workflows.executions.start(machine, "one", "{}").arn == first.arn
    with pytest.raises(ExecutionAlreadyExists):
        workflows.executions.start(machine, "one", '{"other": 1}')
    workflows.executions.stop(first.arn, None, None)
    with pytest.raises(ExecutionAlreadyExists):
        workflows.executions.start(machine, "one", "{}")


def test_many_that_start_by_one_name_at_once_are_one(workflows):
    machine = workflows.machine(PASS)
    outcomes: list[str] = []
    barrier = threading.Barrier(16)

    def start(number: int) -> None:
        barrier.wait()
        try:
            outcomes.append(workflows.executions.start(machine, "one", json.dumps(number)).input)
        except ExecutionAlreadyExists:
            outcomes.append("refused")

    threads = [threading.Thread(target=start, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("refused") == 15


@pytest.mark.parametrize("name", ["a b", "a/b", "a:b", "a*", "", "x" * 81, "a\n", "a<b"])
def test_names_that_the_service_would_not_take_are_refused(workflows, name):
    with pytest.raises(InvalidName):
        workflows.executions.start(workflows.machine(PASS), name, "{}")


@pytest.mark.parametrize("given", ["", "{", '"' + "x" * 262_144 + '"'])
def test_an_input_is_json_of_at_most_256_kib(workflows, given):
    with pytest.raises(InvalidExecutionInput):
        workflows.executions.start(workflows.machine(PASS), None, given)


def test_a_stopped_execution_is_aborted_at_once_and_its_task_changes_nothing_more(workflows):
    release, called = threading.Event(), threading.Event()

    def slow(_event: Any) -> bool:
        called.set()
        return release.wait(PATIENCE_SECONDS)

    workflows.functions["slow"] = slow
    machine = workflows.machine({"T": task("slow", Next="P"), **PASS})
    arn = workflows.executions.start(machine, None, "{}").arn
    assert called.wait(PATIENCE_SECONDS)
    stopped = workflows.executions.stop(arn, "Mine", "because")
    assert (stopped.status, stopped.error, stopped.cause) == ("ABORTED", "Mine", "because")
    history = workflows.executions.history(arn)
    assert history[-1]["type"] == "ExecutionAborted"
    release.set()
    assert workflows.executions.stop(arn, "Again", None) == stopped
    assert workflows.executions.history(arn) == history


def test_more_than_a_hundred_wait_for_their_turn_but_not_for_those_that_wait(workflows, monkeypatch):
    monkeypatch.setattr(executions_module, "AT_ONCE", 2)
    release, entered = threading.Event(), threading.Semaphore(0)

    def busy(_event: Any) -> bool:
        entered.release()
        return release.wait(PATIENCE_SECONDS)

    workflows.functions["busy"] = busy
    waiting = workflows.machine(WAIT, name="waiting")
    for _ in range(5):
        workflows.executions.start(waiting, None, "{}")
    machine = workflows.machine({"T": task("busy")})
    arns = [workflows.executions.start(machine, None, "{}").arn for _ in range(4)]
    assert entered.acquire(timeout=PATIENCE_SECONDS) and entered.acquire(timeout=PATIENCE_SECONDS)
    assert not entered.acquire(timeout=0.1)
    workflows.executions.stop(arns[3], None, None)
    release.set()
    assert [workflows.ended(arn).status for arn in arns] == ["SUCCEEDED"] * 3 + ["ABORTED"]


def test_what_an_earlier_process_left_running_is_aborted_with_a_reason(workflows, tmp_path):
    machine = workflows.machine(PASS)
    left = replace(workflows.run(machine), arn=machine.arn.replace("stateMachine", "execution") + ":left", name="left")
    workflows.store.add_execution(replace(left, status="RUNNING", stopped=None, output=None))
    workflows.store.put_map_run("run", left.arn, {"mapRunArn": "run", "executionArn": left.arn, "status": "RUNNING"})
    workflows.executions.recover()
    assert [run["status"] for run in workflows.store.map_runs(left.arn)] == ["ABORTED"]
    found = workflows.store.execution(left.arn)
    assert (found.status, found.error) == ("ABORTED", "LocalAws.Stopped")
    assert [event["type"] for event in workflows.executions.history(left.arn)] == [
        "ExecutionStarted",
        "ExecutionAborted",
    ]


def test_old_executions_and_those_of_a_deleted_machine_are_forgotten(workflows):
    machine = workflows.machine(PASS)
    old = workflows.run(machine)
    workflows.store.forget_before(workflows.clock())
    with pytest.raises(KeyError):
        workflows.store.execution(old.arn)
    waiting = workflows.machine(WAIT, name="machine_")
    running, other = workflows.executions.start(waiting, None, "{}"), workflows.run(machine)
    workflows.store.delete_machine(waiting.arn)
    assert workflows.store.execution(running.arn).status == "RUNNING"
    workflows.executions.runs()[0].stop(None, None)
    thread_ended = workflows.executions.runs()[0].ended
    assert thread_ended.wait(PATIENCE_SECONDS)
    with pytest.raises(KeyError):
        workflows.store.execution(running.arn)
    assert workflows.store.execution(other.arn).status == "SUCCEEDED"


def distributed(processor: dict[str, Any], **more: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    item = {"StartAt": next(iter(processor)), "States": processor, "ProcessorConfig": config}
    return {
        "Each": {"Type": "Map", "Label": "Each", "ItemProcessor": item, "ItemsPath": "$.items", "End": True, **more}
    }


def evens(event: Any) -> Any:
    if event["n"] % 2:
        raise FunctionFailed("Odd")
    return event["n"] * 10


def test_items_are_executions_of_their_own_with_their_own_context_and_history(workflows):
    workflows.functions["f"] = lambda event: event
    selector = {"n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "k.$": "$.k", "parent.$": "$$.Execution.Name"}
    inner = {"A": {"Type": "Pass", "Parameters": {"in.$": "$", "id.$": "$$.Execution.Id"}, "Next": "T"}, "T": task("f")}
    machine = workflows.machine(distributed(inner, ItemSelector=selector, MaxConcurrency=2), name="bulk")
    ended = workflows.run(machine, {"items": ["a", "b"], "k": 5}, name="parent")
    outputs = json.loads(ended.output or "")
    assert [output["in"] for output in outputs] == [
        {"n": "a", "i": 0, "k": 5, "parent": "parent"},
        {"n": "b", "i": 1, "k": 5, "parent": "parent"},
    ]
    (run,) = workflows.store.map_runs(ended.arn)
    assert (run["status"], run["itemCounts"]["succeeded"], run["itemCounts"]["running"]) == ("SUCCEEDED", 2, 0)
    children = [child for _, child in workflows.store.executions(run["mapRunArn"], None, None, 10, children=True)]
    assert {child.arn for child in children} == {output["id"] for output in outputs}
    assert {child.state_machine_arn for child in children} == {f"{machine.arn}/Each"}
    kinds = [event["type"] for event in workflows.executions.history(children[0].arn)]
    assert (kinds[0], kinds[-1]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert "TaskSucceeded" in kinds
    parent = [event["type"] for event in workflows.executions.history(ended.arn)]
    assert "MapRunSucceeded" in parent
    assert "TaskSucceeded" not in parent


@pytest.mark.parametrize(
    ("limits", "failures", "fails"),
    [
        ({}, 0, False),
        ({}, 1, True),
        ({"ToleratedFailureCount": 2}, 2, False),
        ({"ToleratedFailureCount": 2}, 3, True),
        ({"ToleratedFailurePercentage": 30}, 3, False),
        ({"ToleratedFailurePercentage": 30}, 4, True),
        ({"ToleratedFailurePercentagePath": "$.percentage"}, 3, False),
        ({"ToleratedFailurePercentagePath": "$.percentage"}, 4, True),
        ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 50}, 2, True),
    ],
)
def test_a_map_run_bears_as_many_failures_as_it_says(workflows, limits, failures, fails):
    workflows.functions["evens"] = evens
    machine = workflows.machine(distributed({"T": task("evens")}, **limits))
    items = [{"n": 1}] * failures + [{"n": 2}] * (10 - failures)
    ended = workflows.run(machine, {"items": items, "percentage": 30})
    if fails:
        assert (ended.status, ended.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    else:
        assert json.loads(ended.output or "") == [None] * failures + [20] * (10 - failures)


def test_a_failed_map_run_can_be_caught(workflows):
    workflows.functions["evens"] = evens
    catch = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Done"}]
    states = distributed({"T": task("evens")}, Catch=catch) | {"Done": {"Type": "Succeed"}}
    assert workflows.once(states, {"items": [{"n": 1}]}).status == "SUCCEEDED"


def test_at_most_so_many_items_are_at_work_as_the_input_says(workflows):
    lock, now, most = threading.Lock(), [0], [0]
    together = threading.Barrier(3, timeout=PATIENCE_SECONDS)

    def count(_event: Any) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait()
        # for a fourth, that should not come
        threading.Event().wait(0.01)
        with lock:
            now[0] -= 1

    workflows.functions["count"] = count
    machine = workflows.machine(distributed({"T": task("count")}, MaxConcurrencyPath="$.most"))
    assert workflows.run(machine, {"items": [{}] * 12, "most": 3}).status == "SUCCEEDED"
    assert most[0] == 3


def test_stopping_an_execution_stops_its_items(workflows):
    machine = workflows.machine(distributed(WAIT))
    arn = workflows.executions.start(machine, None, '{"items": [1, 2]}').arn
    wait_until(lambda: len(workflows.executions.runs()) >= 3, "both items to begin")
    children = [run for run in workflows.executions.runs() if run.execution.arn != arn]
    workflows.executions.stop(arn, None, None)
    assert all(child.ended.wait(PATIENCE_SECONDS) for child in children)
    assert {workflows.store.execution(child.execution.arn).status for child in children} == {"ABORTED"}


class Bucket:
    """Keeps what is put."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}

    def put_object(self, Bucket: str, Key: str, Body: Any, **_more: Any) -> None:
        content = Body if isinstance(Body, bytes) else Body.read()
        self.objects[f"{Bucket}/{Key}"] = json.loads(content)


def execution(status: str, **more: Any) -> Execution:
    moment = datetime(2030, 1, 1, tzinfo=timezone.utc)
    arn = "arn:aws:states:us-east-1:123456789012:execution:m:one"
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
    stopped = moment + timedelta(milliseconds=1500)
    return Execution(arn, machine, "r", "one", status, moment, '{"ü": 1}', stopped, **more)


def test_results_are_written_by_status_with_a_manifest_that_lists_them():
    bucket = Bucket()
    with Results(collect=True) as results:
        results.add(0, execution("SUCCEEDED", output='{"x": 1}'))
        results.add(1, execution("FAILED", error="E", cause="c"))
        results.add(2, execution("ABORTED"))
        results.add(3, execution("SUCCEEDED", output="2"))
        results.add_pending('{"n": 5}')
        place = ResultFiles(bucket, "b", "results/one", "arn:aws:states:::mapRun:m/Each:id").write(results)
    assert place == {"Bucket": "b", "Key": "results/one/id/manifest.json"}
    manifest = bucket.objects["b/results/one/id/manifest.json"]
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == ("b", "arn:aws:states:::mapRun:m/Each:id")
    counts = {}
    for status, files in manifest["ResultFiles"].items():
        for file in files:
            written = bucket.objects[f"b/{file['Key']}"]
            assert file["Key"] == f"results/one/id/{status}_0.json"
            assert file["Size"] == len(json.dumps(written, separators=(",", ":"), ensure_ascii=False).encode())
            counts[status] = len(written)
    assert counts == {"SUCCEEDED": 2, "FAILED": 2, "PENDING": 1}
    first = bucket.objects["b/results/one/id/SUCCEEDED_0.json"][0]
    assert (first["Input"], first["Output"], first["Status"]) == ('{"ü": 1}', '{"x": 1}', "SUCCEEDED")
    assert (first["StartDate"], first["StopDate"]) == ("2030-01-01T00:00:00.000Z", "2030-01-01T00:00:01.500Z")
    failed = bucket.objects["b/results/one/id/FAILED_0.json"][0]
    assert (failed["Error"], failed["Cause"]) == ("E", "c")
    assert "Output" not in failed


def test_results_of_nothing_are_a_manifest_alone():
    bucket = Bucket()
    with Results(collect=True) as results:
        ResultFiles(bucket, "b", "", "arn:aws:states:::mapRun:m/Each:id").write(results)
    assert bucket.objects.keys() == {"b/id/manifest.json"}
    assert bucket.objects["b/id/manifest.json"]["ResultFiles"] == {"FAILED": [], "PENDING": [], "SUCCEEDED": []}


def test_one_failure_too_many_is_said_once():
    tolerance = Tolerance(items=10, count=1, percentage=None)
    assert [tolerance.count_failure() for _ in range(4)] == [False, True, False, False]


def test_metrics_count_starts_ends_and_time():
    put: list[Any] = []
    metrics: Any = SimpleNamespace(put=lambda namespace, data: put.extend((namespace, datum) for datum in data))
    watch = ExecutionMetrics(metrics)
    watch.started(execution("RUNNING"))
    for status in ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"):
        watch.ended(execution(status), SimpleNamespace(), [])  # type: ignore[arg-type]
    watch.ended(execution("FAILED", map_run_arn="a map run's"), SimpleNamespace(), [])  # type: ignore[arg-type]
    assert {namespace for namespace, _ in put} == {"AWS/States"}
    assert Counter(datum.name for _, datum in put) == Counter(
        ExecutionsStarted=1,
        ExecutionsSucceeded=1,
        ExecutionsFailed=1,
        ExecutionsAborted=1,
        ExecutionsTimedOut=1,
        ExecutionTime=4,
    )
    assert {datum.values for _, datum in put if datum.name == "ExecutionTime"} == {(1500.0,)}
    assert {tuple(datum.dimensions.items()) for _, datum in put} == {
        (("StateMachineArn", "arn:aws:states:us-east-1:123456789012:stateMachine:m"),)
    }


@pytest.mark.parametrize(
    ("level", "with_data", "types"),
    [("OFF", True, []), ("FATAL", True, ["ExecutionFailed"]), ("ERROR", False, ["TaskFailed", "ExecutionFailed"])],
)
def test_a_log_group_gets_the_events_of_its_level(level, with_data, types):
    written = io.StringIO()
    logs: Any = SimpleNamespace(write=lambda group, stream, lines: written.write("\n".join([group, stream, *lines])))
    destination = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:/g:*"}}
    settings = {"level": level, "includeExecutionData": with_data, "destinations": [destination]}
    machine: Any = SimpleNamespace(name="m", settings={"loggingConfiguration": settings})
    events = [
        {"id": 1, "previousEventId": 0, "timestamp": 1.5, "type": "PassStateEntered"},
        {
            "id": 2,
            "previousEventId": 1,
            "timestamp": 1.5,
            "type": "TaskFailed",
            "taskFailedEventDetails": {"error": "E", "input": "secret"},
        },
        {"id": 3, "previousEventId": 2, "timestamp": 1.5, "type": "ExecutionFailed"},
    ]
    ExecutionLogs(logs).ended(execution("FAILED"), machine, events)
    lines = written.getvalue().splitlines()
    assert [json.loads(line)["type"] for line in lines[2:]] == types
    if types:
        assert lines[:2] == ["/g", "states/m/2030-01-01/one"]
    assert ("secret" in written.getvalue()) is False


def test_a_change_of_status_is_the_event_that_the_service_sends():
    detail = status_change(execution("FAILED", error="E", cause="c"))
    assert (detail["status"], detail["error"], detail["name"]) == ("FAILED", "E", "one")
    assert detail["stopDate"] - detail["startDate"] == 1500
