"""A container: its output, its exit code, and the end of every process that it started."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import psutil

from local_aws.sagemaker.jobs.process import Container, Exit
from tests.waiting import PATIENCE_SECONDS, wait_until


class Output:
    """Lines as they come, with a way to wait for one."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self._news = threading.Condition()

    def __call__(self, lines: list[str]) -> None:
        with self._news:
            self.batches.append(lines)
            self._news.notify_all()

    @property
    def lines(self) -> list[str]:
        return [line for batch in self.batches for line in batch]

    def wait_for(self, start: str) -> str:
        with self._news:
            assert self._news.wait_for(lambda: any(line.startswith(start) for line in self.lines), PATIENCE_SECONDS)
        return next(line for line in self.lines if line.startswith(start))


def container(folder: Path, output: Output, *command: str) -> Container:
    return Container(command, {"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}, folder, output)


def python(folder: Path, output: Output, script: str) -> Container:
    return container(folder, output, sys.executable, "-c", script)


def test_both_streams_arrive_whole_and_in_order(tmp_path: Path) -> None:
    output = Output()
    script = """
import sys
for n in range(500):
    print(n, file=[sys.stdout, sys.stderr][n % 2])
print("last", end="")
"""
    assert python(tmp_path, output, script).wait() == Exit(0, None)
    assert output.lines == [str(n) for n in range(500)] + ["last"]


def test_output_is_handed_on_while_the_process_runs(tmp_path: Path) -> None:
    output = Output()
    running = python(tmp_path, output, "print('early'); import time; time.sleep(600)")
    waiter = threading.Thread(target=running.wait)
    waiter.start()
    assert output.wait_for("early") == "early" and running.running
    running.terminate("test", 0)
    waiter.join(PATIENCE_SECONDS)
    assert not running.running


def test_exit_codes_are_those_of_a_shell(tmp_path: Path) -> None:
    assert python(tmp_path, Output(), "raise SystemExit(7)").wait().code == 7
    assert python(tmp_path, Output(), "import os; os.kill(os.getpid(), 9)").wait().code == 137


def test_a_command_that_is_not_there_exits_with_127(tmp_path: Path) -> None:
    output = Output()
    assert container(tmp_path, output, "no-such-command").wait().code == 127
    assert output.lines == ['exec: "no-such-command": No such file or directory']


def test_no_child_outlives_its_container(tmp_path: Path) -> None:
    output = Output()
    script = """
import subprocess, sys
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
print("pids", subprocess.Popen(sleep).pid, subprocess.Popen(sleep, start_new_session=True).pid)
"""
    assert python(tmp_path, output, script).wait().code == 0
    pids = [int(word) for word in output.wait_for("pids").split()[1:]]
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_one_that_does_not_heed_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    output = Output()
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready'); time.sleep(600)"
    running = python(tmp_path, output, script)
    stopper = threading.Thread(target=lambda: (output.wait_for("ready"), running.terminate("user", 0.1)))
    stopper.start()
    assert running.wait() == Exit(137, "user")
    stopper.join()


def test_a_child_may_use_the_grace_though_its_shell_has_gone(tmp_path: Path) -> None:
    output = Output()
    script = """
import signal, sys, time
signal.signal(15, lambda *_: (time.sleep(0.3), open("saved", "w").close(), sys.exit(0)))
print("ready"); time.sleep(600)
"""
    running = container(tmp_path, output, "/bin/bash", "-c", f"{sys.executable} -u -c '{script}'; true")
    stopper = threading.Thread(target=lambda: (output.wait_for("ready"), running.terminate("user", PATIENCE_SECONDS)))
    stopper.start()
    assert running.wait().ended_by == "user"
    assert (tmp_path / "saved").exists()
    stopper.join()


def test_a_deadline_ends_it(tmp_path: Path) -> None:
    running = python(tmp_path, Output(), "import time; time.sleep(600)")
    assert running.wait(deadline=time.monotonic() + 0.2, grace_seconds=PATIENCE_SECONDS).ended_by == "deadline"


def test_an_end_is_noticed_at_once(tmp_path: Path) -> None:
    def seconds() -> float:
        output = Output()
        python(tmp_path, output, "import time; print(time.monotonic())").wait()
        return time.monotonic() - float(output.lines[0])

    # again: the machine may have other things to do
    wait_until(lambda: seconds() < 0.5, "an end to be noticed within half a second")
