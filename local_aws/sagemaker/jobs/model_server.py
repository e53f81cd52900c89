"""A model's server: a container that answers /ping and /invocations on a free loopback port."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

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


@dataclass(frozen=True)
class Answer:
    """What the model said."""

    status: int
    body: bytes
    content_type: str


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
        self._tree = tree
        self._tail = LogTail()
        self._mine = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        variables = {WORKERS: str(workers), **model.lay_out(context, self._tree)}
        environment = container_environment(context, self._tree, variables)
        # a socket of ours, inherited: no other process can take the port, and requests wait until the server
        # accepts
        with socket.create_server((HOST, 0), backlog=128) as listener:
            # what it accepts inherits this; without it every answer on a kept connection waits 40 ms
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
            raise JobFailed(
                f"AlgorithmError: The primary container answered the ping health check with status {answer.status}"
            )

    def invoke(self, body: bytes, content_type: str | None, accept: str | None, seconds: float) -> Answer:
        """POST /invocations. Raises ModelServerGone; TimeoutError after `seconds`."""
        headers = {name: value for name, value in (("Content-Type", content_type), ("Accept", accept)) if value}
        return self._request("POST", "/invocations", body, headers, seconds)

    def stop(self) -> None:
        """End the server and wait until no process of it is left."""
        for connection in self._connections:
            # else the server waits for their next request
            connection.close()
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
        connection = self._connection()
        fresh = connection.sock is None
        connection.timeout = seconds
        if connection.sock is not None:
            connection.sock.settimeout(seconds)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read(), response.headers.get("Content-Type", ""))
        except TimeoutError:
            connection.close()
            raise
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if not fresh:
                # the server may close a connection that was idle: that says nothing of the server
                return self._request(method, path, body, headers, seconds)
            raise ModelServerGone(f"{type(error).__name__}: {error}") from error

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's own; it opens itself again where it was closed."""
        if not hasattr(self._mine, "connection"):
            self._mine.connection = http.client.HTTPConnection(HOST, self._port)
            self._connections.append(self._mine.connection)
        connection: http.client.HTTPConnection = self._mine.connection
        return connection
