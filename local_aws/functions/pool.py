"""The sandboxes of one function version as it is configured: unpacked code, and processes that wait for requests."""

from __future__ import annotations

import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from local_aws.functions import archive
from local_aws.functions.environment import sandbox_environment
from local_aws.functions.execution import WarmSandbox
from local_aws.functions.function import Function
from local_aws.functions.sandbox import Sandbox


class Pool:
    """Lends sandboxes, each to one caller at a time, who has called `reserve` before."""

    def __init__(
        self,
        function: Function,
        folder: Path,
        region: str,
        endpoint_url: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Unpacks nothing yet. `folder` is made when it is needed, and removed when the pool has ended."""
        self.function = function
        self._folder = folder
        self._task_root = folder / "task"
        self._layers = folder / "opt"
        self._region = region
        self._endpoint_url = endpoint_url
        self._clock = clock
        self._lock = threading.Lock()
        self._unpacking = threading.Lock()
        self._unpacked = False
        self._retired = False
        self._ended = False
        self._users = 0
        self._idle: list[WarmSandbox] = []
        self._all: dict[int, WarmSandbox] = {}

    def reserve(self) -> None:
        """Count one more user, who will call `sandbox`: until then the pool does not go away."""
        with self._lock:
            self._users += 1

    @contextmanager
    def sandbox(self) -> Iterator[WarmSandbox]:
        """The one that was used last, or a new one. Raises CodeNotUsable."""
        try:
            warm = self._take() or self._start()
            try:
                yield warm
            except BaseException:
                # an answer may be under way that the next user must not get
                warm.sandbox.end()
                raise
            finally:
                self._give_back(warm)
        finally:
            with self._lock:
                self._users -= 1
            self._remove_if_over()

    @property
    def users(self) -> int:
        """How many requests are being served, or soon will be."""
        return self._users

    def end_idle(self, since: float) -> None:
        """End what was last used before `since`, of the clock."""
        with self._lock:
            old = [warm for warm in self._idle if warm.last_used < since]
            self._idle = [warm for warm in self._idle if warm.last_used >= since]
        for warm in old:
            self._end(warm)

    def retire(self, at_once: bool = False) -> None:
        """End the idle sandboxes, and the others after their work, or `at_once`, which their callers are told."""
        with self._lock:
            self._retired = True
            self._ended = self._ended or at_once
            idle, self._idle = self._idle, []
            at_work = [warm for warm in self._all.values() if warm not in idle]
        for warm in idle:
            self._end(warm)
        for warm in at_work if at_once else ():
            warm.sandbox.end()
        self._remove_if_over()

    def _take(self) -> WarmSandbox | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                warm = self._idle.pop()
            if warm.sandbox.alive:
                return warm
            self._end(warm)

    def _start(self) -> WarmSandbox:
        self._unpack_once()
        name = uuid.uuid4().hex
        scratch = self._folder / "sandboxes" / name
        scratch.mkdir(parents=True)
        stream = f"{datetime.now(timezone.utc):%Y/%m/%d}/[{self.function.version}]{name}"
        environment = sandbox_environment(
            self.function, self._region, self._endpoint_url, self._task_root, self._layers, scratch, stream
        )
        started = time.monotonic()
        sandbox = Sandbox(self.function.handler, self._module_folders(), environment)
        warm = WarmSandbox(sandbox, stream, started, scratch)
        with self._lock:
            self._all[id(warm)] = warm
            ended = self._ended
        if ended:
            sandbox.end()
        return warm

    def _module_folders(self) -> list[Path]:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        python = self._layers / "python"
        return [self._task_root, python / "lib" / version / "site-packages", python]

    def _unpack_once(self) -> None:
        with self._unpacking:
            if self._unpacked:
                return
            size = 0
            for layer in self.function.layers:
                size += archive.unpack(layer, self._layers, size)
            archive.unpack(self.function.code, self._task_root, size)
            self._unpacked = True

    def _give_back(self, warm: WarmSandbox) -> None:
        warm.last_used = self._clock()
        with self._lock:
            kept = warm.ready and not self._retired and warm.sandbox.alive
            if kept:
                self._idle.append(warm)
        if not kept:
            self._end(warm)

    def _end(self, warm: WarmSandbox) -> None:
        warm.sandbox.close()
        shutil.rmtree(warm.scratch, ignore_errors=True)
        with self._lock:
            self._all.pop(id(warm), None)

    def _remove_if_over(self) -> None:
        with self._lock:
            over = self._retired and not self._users and not self._all
        if over:
            shutil.rmtree(self._folder, ignore_errors=True)
