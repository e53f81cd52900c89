"""A model's server: a container that answers /ping and /invocations on a free loopback port."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import cast

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.jobs.control import JobControl, JobFailed
from local_aws.sagemaker.jobs.environment import container_environment
from local_aws.sagemaker.jobs.model_container import ModelContainer
from local_aws.sagemaker.jobs.process import Container, Exit
from local_aws.sagemaker.jobs.reasons import LogTail
from local_aws.sagemaker.jobs.tree import JobTree

HOST = "127.0.0.1"
START_SECONDS = 600.0
STOP_GRACE_SECONDS = 3.0
WORKERS = "SAGEMAKER_MODEL_SERVER_WORKERS"


class ModelServerGone(Exception):
    """The server ended, or closed the connection, before it answered."""


class ModelServerUnreached(ModelServerGone):
    """Nobody listens any more: the request has reached no process, and can be sent elsewhere."""


@dataclass(frozen=True)
class Answer:
    """What the model said; `headers` are found whatever their case."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class ModelServer:
    """A running server, as a context that ends it. Requests may come from several threads."""

    def __init__(
        self,
        context: Context,
        model: ModelContainer,
        tree: JobTree,
        control: JobControl,
        on_lines: Callable[[list[str]], None],
        workers: int = 1,
    ) -> None:
        """Start it in the folder `tree`; returns before it is ready.

        Raises JobFailed where the model's files cannot be laid out.
        """
        self.is_gone = False
        self._tree = tree
        self._tail = LogTail()
        variables = {WORKERS: str(workers), **model.lay_out(context, self._tree)}
        environment = container_environment(context, self._tree, variables)
        # a socket of ours, inherited: no other process can take the port, and requests wait until the server
        # accepts
        with socket.create_server((HOST, 0), backlog=128) as listener:
            self._port = listener.getsockname()[1]
            command = [sys.executable, str(model.image.script), "serve", str(listener.fileno())]
            self._container = Container(
                command, environment, self._tree.root, self._keep_lines(on_lines), [listener.fileno()]
            )
        self._exit: Exit | None = None
        self._thread = threading.Thread(
            target=self._supervise, args=(control,), name=f"model server {tree.root}", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://{HOST}:{self._port}"

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait for the first answer to /ping. Raises JobFailed, with its last error, where none comes."""
        try:
            answer = self._request("GET", "/ping", None, {}, seconds)
        except (ModelServerGone, TimeoutError) as error:
            self.stop()
            what = "did not answer in time" if isinstance(error, TimeoutError) else "ended while it started"
            told = self._tail.last_error() or "See job logs for more information"
            raise JobFailed(
                f"AlgorithmError: The primary container did not pass the ping health check: it {what}: {told}"
            ) from error
        if answer.status != 200:
            self.stop()
            raise JobFailed(
                f"AlgorithmError: The primary container answered the ping health check with status {answer.status}"
            )

    def invoke(
        self,
        body: bytes,
        content_type: str | None,
        accept: str | None,
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """POST /invocations, with more headers where some are given.

        Raises ModelServerGone; TimeoutError after `seconds`.
        """
        known = {name: value for name, value in (("Content-Type", content_type), ("Accept", accept)) if value}
        return self._request("POST", "/invocations", body, {**known, **(headers or {})}, seconds)

    def wait_for_end(self) -> None:
        """Wait until the server has ended, by itself or by `stop`."""
        self._thread.join()

    def stop(self) -> None:
        """End the server and wait until no process of it is left."""
        self._container.terminate("stop", STOP_GRACE_SECONDS)
        self._thread.join()
        self._tree.forget_scratch()

    def __enter__(self) -> ModelServer:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def _supervise(self, control: JobControl) -> None:
        self._exit = control.wait(self._container)

    def _keep_lines(self, on_lines: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
        def keep(lines: list[str]) -> None:
            self._tail.add(lines)
            on_lines(lines)

        return keep

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str], seconds: float) -> Answer:
        # a connection for each request: the first worker that is free accepts it, so that none has a queue of its own
        connection = http.client.HTTPConnection(HOST, self._port, timeout=seconds)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answered = cast(Mapping[str, str], response.headers)
            return Answer(response.status, response.read(), answered.get("Content-Type", ""), answered)
        except TimeoutError:
            raise
        except ConnectionRefusedError as error:
            self.is_gone = True
            raise ModelServerUnreached(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            raise ModelServerGone(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
