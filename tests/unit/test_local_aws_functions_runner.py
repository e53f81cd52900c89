"""Sandboxes: their use, their end, the log of an invocation, and events that are tried again."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

import psutil
import pytest

from local_aws.functions import environment, functions
from local_aws.functions.channel import Inbox, invocation
from local_aws.functions.errors import InvalidZipFile, TooManyRequests
from local_aws.functions.events import EventQueue
from local_aws.functions.execution import Request
from local_aws.functions.execution_log import ExecutionLog
from local_aws.functions.function import Function, FunctionNotFound
from local_aws.functions.functions import Functions
from local_aws.functions.sandbox import Sandbox, SandboxEnded, SandboxTimedOut
from tests.waiting import PATIENCE_SECONDS, wait_until


class Logs:
    """Streams of lines, as LogGroups keeps them."""

    def __init__(self) -> None:
        self.streams: dict[tuple[str, str], list[str]] = defaultdict(list)

    def write(self, group: str, stream: str, lines: Iterable[str]) -> None:
        self.streams[group, stream] += lines


class Catalogue:
    """Functions by name."""

    def __init__(self) -> None:
        self.functions: dict[str, Function] = {}

    def put(self, source: str, name: str = "f", **settings: object) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            file.writestr("app.py", source)
        self.functions[name] = Function(
            name, "$LATEST", f"arn:{name}", "python3.12", "app.handler", int(PATIENCE_SECONDS), 128,
            f"/aws/lambda/{name}", code_sha256=str(hash(source)), code=content.getvalue(), **settings,
        )  # fmt: skip

    def find(self, function: str, qualifier: str | None = None) -> Function:
        if function not in self.functions:
            raise FunctionNotFound(function)
        return self.functions[function]


@pytest.fixture
def catalogue():
    return Catalogue()


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def runner(catalogue, clock, tmp_path):
    made = Functions(
        catalogue.find, Logs(), tmp_path / "functions", "us-east-1", "http://127.0.0.1:1", lambda: clock[0]
    )
    yield made
    made.shutdown()
    assert not (tmp_path / "functions").exists()


PID = "import os\ndef handler(e, c): return os.getpid()"


def test_a_changed_function_gets_new_sandboxes_and_the_old_ones_end(runner, catalogue):
    catalogue.put(PID)
    first = int(runner.invoke("f", b"").payload)
    assert int(runner.invoke("f", b"").payload) == first
    catalogue.functions["f"] = replace(catalogue.functions["f"], environment={"COLOUR": "blue"})
    assert int(runner.invoke("f", b"").payload) != first
    assert not psutil.pid_exists(first)


def test_idle_sandboxes_end_after_five_minutes_and_those_of_deleted_functions_at_once(runner, catalogue, clock):
    catalogue.put(PID)
    catalogue.put(PID, "g")
    kept, deleted = (int(runner.invoke(name, b"").payload) for name in "fg")
    del catalogue.functions["g"]
    clock[0] += functions.IDLE_SECONDS - 1
    runner.sweep()
    assert psutil.pid_exists(kept) and not psutil.pid_exists(deleted)
    clock[0] += 2
    runner.sweep()
    assert not psutil.pid_exists(kept)
    assert int(runner.invoke("f", b"").payload) != kept


def test_a_sandbox_that_died_between_requests_is_replaced(runner, catalogue):
    catalogue.put(PID)
    first = int(runner.invoke("f", b"").payload)
    process = psutil.Process(first)
    shim = process.parent()
    assert shim is not None
    process.kill()
    # the runner reaps it when it next looks
    wait_until(lambda: shim.status() == psutil.STATUS_ZOMBIE, "the process to end")
    assert int(runner.invoke("f", b"").payload) != first


def test_the_end_of_the_server_ends_a_function_at_work_with_what_it_started(runner, catalogue, tmp_path):
    started = tmp_path / "started"
    catalogue.put(
        "import os, subprocess, time\n"
        "def handler(e, c):\n"
        "    child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        f"    with open('{started}.partial', 'w') as file: file.write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"    os.rename('{started}.partial', '{started}')\n"
        "    time.sleep(600)\n"
    )
    answers: list = []
    thread = threading.Thread(target=lambda: answers.append(runner.invoke("f", b"")))
    thread.start()
    wait_until(started.exists, "the function to begin")
    processes = [int(process) for process in started.read_text().split()]
    runner.shutdown()
    thread.join(PATIENCE_SECONDS)
    assert not any(psutil.pid_exists(process) for process in processes)
    assert json.loads(answers[0].payload)["errorType"] == "Runtime.ExitError"
    with pytest.raises(TooManyRequests):
        runner.invoke("f", b"")


def test_code_that_cannot_be_unpacked_is_told(runner, catalogue):
    catalogue.put(PID)
    catalogue.functions["f"] = replace(catalogue.functions["f"], code=b"damaged", code_sha256="other")
    with pytest.raises(InvalidZipFile, match="Could not unzip"):
        runner.invoke("f", b"")


def test_no_more_invocations_at_once_than_the_account_may_have(runner, catalogue, monkeypatch):
    monkeypatch.setattr(functions, "MOST_AT_ONCE", 0)
    catalogue.put(PID)
    with pytest.raises(TooManyRequests) as refused:
        runner.invoke("f", b"")
    assert refused.value.members == {"Reason": "ConcurrentInvocationLimitExceeded"}


def test_output_of_one_invocation_is_not_in_the_next_one_and_all_of_it_is_in_its_own(runner, catalogue):
    catalogue.put("def handler(e, c):\n    for n in range(e['lines']): print('line', n)\n    print('end', end='')\n")
    many = runner.invoke("f", b'{"lines": 20000}', log_tail=True).log_tail.decode()
    assert len(many) == 4096 and "line 19999\nend\nEND RequestId" in many
    assert "line" not in runner.invoke("f", b'{"lines": 0}', log_tail=True).log_tail.decode()


def test_logs_in_json_where_the_function_is_configured_so(runner, catalogue):
    catalogue.put(
        "import logging\ndef handler(e, c): logging.getLogger().info('two\\nlines')",
        logging={"LogFormat": "JSON", "ApplicationLogLevel": "INFO"},
    )
    tail = runner.invoke("f", b"", log_tail=True).log_tail.decode()
    (record,) = [json.loads(line) for line in tail.splitlines() if line.startswith("{")]
    assert (record["level"], record["message"]) == ("INFO", "two\nlines")


def test_a_message_and_a_death_are_waited_for_no_longer_than_the_deadline(tmp_path):
    script = tmp_path / "bootstrap.py"
    script.write_text("import sys, time\nprint('begun', flush=True)\ntime.sleep(float(sys.argv[2]))\nsys.exit(7)\n")
    said: list[bytes] = []
    sandbox = Sandbox("600", [tmp_path], {}, bootstrap=script)
    with pytest.raises(SandboxTimedOut):
        sandbox.receive(time.monotonic() + 0.1, said.append)
    wait_until(lambda: sandbox.drain(said.append) and b"begun\n" in said, lambda: f"its word, not {said}")
    assert sandbox.alive
    sandbox.close()
    assert not sandbox.alive
    sandbox = Sandbox("0", [tmp_path], {}, bootstrap=script)
    with pytest.raises(SandboxEnded) as ended:
        sandbox.receive(time.monotonic() + PATIENCE_SECONDS, said.append)
    assert ended.value.code == 7
    sandbox.close()


def test_messages_are_put_together_from_any_pieces():
    inbox, whole = Inbox(), invocation({"kind": "result", "max_memory": 5}, b"body")
    taken = []
    for byte in whole + whole:
        inbox.feed(bytes([byte]))
        taken.append(inbox.take())
    assert [(m.kind, m.body, m.max_memory) for m in taken if m] == [("result", b"body", 5)] * 2


def test_a_function_cannot_set_what_is_reserved_and_gets_nothing_of_the_server(catalogue, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    catalogue.put(PID, environment={"AWS_REGION": "mars-1", "AWS_ENDPOINT_URL": "http://own"})
    made = environment.sandbox_environment(
        catalogue.functions["f"], "us-east-1", "http://local", tmp_path, tmp_path, tmp_path, "stream"
    )
    assert made["AWS_REGION"] == "us-east-1"
    assert made["AWS_ENDPOINT_URL"] == "http://own"
    assert "SECRET_OF_THE_SERVER" not in made


def test_lines_are_written_in_batches_and_the_rest_at_the_end():
    logs, now = Logs(), [0.0]
    log = ExecutionLog(logs, "group", "stream", clock=lambda: now[0])
    written = logs.streams["group", "stream"]
    log.feed(b"one\ntw")
    assert written == []
    now[0] = 0.3
    log.feed(b"o\r  detail\nthr")
    assert written == ["one\n", "two\n  detail\n"]
    log.say("END")
    log.close()
    assert written == ["one\n", "two\n  detail\n", "thr\n", "END\n"]


def test_a_line_longer_than_an_event_may_be_is_split():
    logs = Logs()
    log = ExecutionLog(logs, "group", "stream")
    log.feed(b"x" * 600_000 + b"\n")
    log.close()
    assert [len(line) for line in logs.streams["group", "stream"]] == [262_119, 262_119, 75_765]


def events_that_fail(times: int, retries: int = 2) -> int:
    """How often an event is run that fails so many times."""
    runs: list[str] = []
    ended = threading.Event()

    def run(_function: str, _qualifier: str | None, request: Request) -> bool:
        runs.append(request.id)
        if len(runs) > min(times, retries):
            ended.set()
        return len(runs) > times

    queue = EventQueue(run, (0.0, 0.0))
    queue.put("f", None, Request(b"{}"), retries)
    assert ended.wait(PATIENCE_SECONDS)
    queue.close()
    assert len(set(runs)) == 1
    return len(runs)


@pytest.mark.parametrize(("failures", "retries", "runs"), [(0, 2, 1), (1, 2, 2), (9, 2, 3), (9, 0, 1)])
def test_a_failed_event_is_tried_twice_more_or_as_configured(failures, retries, runs):
    assert events_that_fail(failures, retries) == runs


def test_an_event_that_waits_for_its_next_try_is_given_up_at_the_end(caplog):
    tried = threading.Event()
    queue = EventQueue(lambda *_: bool(tried.set()), (3600.0,))
    queue.put("f", None, Request(b"{}"), 2)
    assert tried.wait(PATIENCE_SECONDS)
    wait_until(lambda: bool(queue._waiting), "the event to wait")
    queue.close()
    assert "1 events that waited for another try were given up" in caplog.text
