"""The worker that invokes functions: finds each one's sandboxes, and lets them go when nobody needs them."""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from local_aws.functions.archive import CodeNotUsable
from local_aws.functions.errors import InvalidRequestContent, InvalidZipFile, RequestTooLarge, TooManyRequests
from local_aws.functions.events import EventQueue
from local_aws.functions.execution import Execution, Request
from local_aws.functions.execution_log import ExecutionLog
from local_aws.functions.function import Find, Function, FunctionAnswer, FunctionNotFound
from local_aws.functions.function_metrics import FunctionWatch, Unwatched
from local_aws.functions.pool import Pool
from local_aws.logs import LogGroups

LOGGER = logging.getLogger(__name__)

LARGEST_PAYLOAD = 6_291_456
LARGEST_EVENT = 1_048_576
# the service's default is 1000 for an account; a machine of a few cores has enough to do with these
MOST_AT_ONCE = 100
IDLE_SECONDS = 300.0
SWEEP_SECONDS = 5.0


class Functions:
    """Invokes functions; `find` says which there are. A Worker of the context, as "functions"."""

    def __init__(
        self,
        find: Find,
        logs: LogGroups,
        folder: Path,
        region: str,
        endpoint_url: str,
        clock: Callable[[], float] = time.monotonic,
        retry_delays: tuple[float, ...] = (60.0, 120.0),
        watch: FunctionWatch | None = None,
    ) -> None:
        """`folder` holds unpacked code and is emptied; `retry_delays`, in seconds, are those of failed events.

        `watch` is told of every invocation, and of what functions write.
        """
        shutil.rmtree(folder, ignore_errors=True)
        self._find = find
        self._logs = logs
        self._folder = folder
        self._region = region
        self._endpoint_url = endpoint_url
        self._clock = clock
        self._watch = watch or Unwatched()
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str], Pool] = {}
        self._closing = threading.Event()
        self._events = EventQueue(self._run_event, retry_delays)
        self._sweeper = threading.Thread(target=self._sweep_now_and_then, name="functions-sweep", daemon=True)

    def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        log_tail: bool = False,
        qualifier: str | None = None,
        client_context: str | None = None,
    ) -> FunctionAnswer:
        """Execute a function, given by name or ARN, and wait for its end; an empty payload is an empty object.

        Raises FunctionNotFound, RequestTooLarge, InvalidRequestContent, TooManyRequests, InvalidZipFile.
        """
        found = self._find(function, qualifier)
        request = Request(_event(payload, LARGEST_PAYLOAD), client_context)
        answer = self._execute(found, request)
        if log_tail:
            return answer
        return FunctionAnswer(answer.status_code, answer.payload, answer.function_error, b"", answer.executed_version)

    def invoke_later(
        self, function: str, payload: bytes, *, qualifier: str | None = None, client_context: str | None = None
    ) -> None:
        """Queue an event; where the function fails it is tried twice more, or as the function is configured.

        Raises FunctionNotFound, RequestTooLarge, InvalidRequestContent.
        """
        found = self._find(function, qualifier)
        request = Request(_event(payload, LARGEST_EVENT), client_context)
        self._events.put(function, qualifier, request, found.retries)

    def check(self, function: str, *, qualifier: str | None = None) -> None:
        """A dry run. Raises FunctionNotFound."""
        self._find(function, qualifier)

    def start(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever started by name."""
        raise NotImplementedError(f"{kind} {name}")

    def stop(self, kind: str, name: str) -> None:
        """Of a Worker; nothing of this kind is ever stopped by name."""
        raise NotImplementedError(f"{kind} {name}")

    def recover(self) -> None:
        """Begin to look after idle sandboxes."""
        self._sweeper.start()

    def shutdown(self) -> None:
        """End all sandboxes; who waits for one is told that it ended. Events that wait for a retry are given up."""
        self._closing.set()
        self._events.close()
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.retire(at_once=True)
        if self._sweeper.is_alive():
            self._sweeper.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def sweep(self) -> None:
        """End sandboxes that nobody used for five minutes, and those of functions that were changed or deleted."""
        with self._lock:
            pools = dict(self._pools)
        for key, pool in pools.items():
            if self._is_current(pool.function):
                pool.end_idle(self._clock() - IDLE_SECONDS)
                continue
            with self._lock:
                if self._pools.get(key) is pool:
                    del self._pools[key]
            pool.retire()

    def _execute(self, function: Function, request: Request) -> FunctionAnswer:
        try:
            pool = self._reserved_pool(function)
            concurrent = pool.users
            with pool.sandbox() as warm:
                log = ExecutionLog(self._logs, function.log_group, warm.stream, watch=self._watch)
                execution = Execution(function, warm, request, log)
                answer = execution.run()
            failed = answer.function_error is not None
            self._watch.invoked(function.name, execution.milliseconds, failed, concurrent)
            return answer
        except TooManyRequests:
            self._watch.throttled(function.name)
            raise
        except CodeNotUsable as error:
            raise InvalidZipFile(str(error)) from error

    def _reserved_pool(self, function: Function) -> Pool:
        key = (function.name, function.version)
        with self._lock:
            if self._closing.is_set():
                raise TooManyRequests("The server is stopping.")
            pool = self._pools.get(key)
            retired = None
            if pool is None or pool.function != function:
                retired = pool
                folder = self._folder / uuid.uuid4().hex
                pool = self._pools[key] = Pool(function, folder, self._region, self._endpoint_url, self._clock)
            self._check_concurrency(function, pool)
            pool.reserve()
        if retired is not None:
            retired.retire()
        return pool

    def _check_concurrency(self, function: Function, pool: Pool) -> None:
        reserved = function.reserved_concurrency
        if reserved is not None and pool.users >= reserved:
            raise TooManyRequests("Rate Exceeded.", Reason="ReservedFunctionConcurrentInvocationLimitExceeded")
        if sum(pool.users for pool in self._pools.values()) >= MOST_AT_ONCE:
            raise TooManyRequests("Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded")

    def _is_current(self, function: Function) -> bool:
        try:
            return self._find(function.name, function.version) == function
        except FunctionNotFound:
            return False

    def _run_event(self, function: str, qualifier: str | None, request: Request) -> bool:
        """Whether the event needs no other try."""
        try:
            answer = self._execute(self._find(function, qualifier), request)
        except FunctionNotFound:
            LOGGER.warning("event %s was dropped: its function %s was deleted", request.id, function)
            return True
        except TooManyRequests:
            return False
        return answer.function_error is None

    def _sweep_now_and_then(self) -> None:
        while not self._closing.wait(SWEEP_SECONDS):
            try:
                self.sweep()
            except Exception:
                LOGGER.exception("idle sandboxes could not be ended; trying again")


def too_large(largest: int) -> RequestTooLarge:
    """The error for a payload of more than so many bytes."""
    return RequestTooLarge(f"Request must be smaller than {largest} bytes for the InvokeFunction operation")


def _event(payload: bytes, largest: int) -> bytes:
    if len(payload) > largest:
        raise too_large(largest)
    try:
        json.loads(payload or b"{}")
    except ValueError as error:
        reason = f"Could not parse payload into json: {error}"
        raise InvalidRequestContent(f"Could not parse request body into json: {reason}") from error
    return payload or b"{}"
