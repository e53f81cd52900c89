"""One local AWS: its state folder, its services, and the HTTP server in front of them."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from cheroot.wsgi import Server

from local_aws import moto_patches
from local_aws.bodies import BodyFolder
from local_aws.front_door import MotoApp
from local_aws.sagemaker.context import ACCOUNT_ID
from local_aws.snapshot import MotoSnapshot

LOGGER = logging.getLogger(__name__)

HOST = "127.0.0.1"
SERVER_FILE = "server.json"
# a request may wait for a job to end, so there are many more threads than cores
THREADS = 48
KEPT_CONNECTIONS = 200


class PortInUse(RuntimeError):
    """Another process listens on the port."""


class StateInUse(RuntimeError):
    """Another local AWS serves this state folder."""


@dataclass(frozen=True)
class ServerFile:
    """What `server.json` in the state folder says while the server runs: how to find and stop it."""

    pid: int
    port: int
    url: str
    region: str
    account_id: str


class LocalAws:
    """Everything of one local AWS. Made ready by the constructor, serving after `serve`, ended by `close`.

    Raises PortInUse, StateInUse, SnapshotUnreadable, MotoVersionMismatch.
    """

    def __init__(self, state_dir: Path, port: int = 0, region: str = "us-east-1") -> None:
        self.state_dir = state_dir
        state_dir.mkdir(parents=True, exist_ok=True)
        self._lock_file = _lock(state_dir)
        self._region = region
        self._moto = MotoApp()
        self._http = _listen(port)
        self.port = int(self._http.bind_addr[1])
        self.url = f"http://{HOST}:{self.port}"
        try:
            self._open(state_dir)
        except BaseException:
            # the HTTP server has threads already, which would keep the process alive
            self._http.stop()
            raise

    def _open(self, state_dir: Path) -> None:
        # moto's Step Functions and Lambda call back to this port
        os.environ["MOTO_PORT"] = str(self.port)
        bodies = BodyFolder(state_dir / "s3")
        moto_patches.install(bodies)
        self.snapshot = MotoSnapshot(state_dir / "moto", bodies)
        self.snapshot.load()
        from local_aws.composition import front_door, make_context

        self.context = make_context(state_dir, self._region, self.url, self.snapshot)
        self._http.wsgi_app = front_door(self.context, self._moto, self._health, self.snapshot)

    def serve(self) -> None:
        """Answer requests until `stop` is called from another thread."""
        self.snapshot.start()
        for worker in self.context.workers.values():
            worker.recover()
        here = ServerFile(os.getpid(), self.port, self.url, self._region, ACCOUNT_ID)
        _write_whole(self.state_dir / SERVER_FILE, json.dumps(asdict(here)))
        LOGGER.info("serving %s at %s", self.state_dir, self.url)
        threading.Thread(target=self._load_the_rest, daemon=True).start()
        with suppress(KeyboardInterrupt):
            self._http.serve()

    def stop(self) -> None:
        """Make `serve` return; for signal handlers, which run in the thread that serves."""
        raise KeyboardInterrupt

    def close(self) -> None:
        """End the workers with all their processes, save everything, let the folder and the port go."""
        (self.state_dir / SERVER_FILE).unlink(missing_ok=True)
        for name, worker in reversed(list(self.context.workers.items())):
            try:
                worker.shutdown()
            except Exception:
                # the others are to end, and all state is to be saved, in any case
                LOGGER.exception("%s did not end as they should", name)
        self._http.stop()
        self.snapshot.close()
        self.context.metrics.store.close()
        self.context.store.close()
        self._lock_file.close()
        LOGGER.info("stopped")

    def __enter__(self) -> LocalAws:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _load_the_rest(self) -> None:
        """What the first requests would wait for, half a second of it; they wait here too, if they come sooner."""
        from local_aws.sagemaker.endpoints.runtime_request import members_of_input
        from local_aws.sagemaker.validation import service_model

        self._moto.load()
        service_model()
        members_of_input()

    def _health(self) -> dict[str, Any]:
        return {"status": "serving", "pid": os.getpid(), "state": str(self.state_dir)}


def _lock(state_dir: Path) -> IO[str]:
    file = open(state_dir / "lock", "a+")  # noqa: SIM115  held as long as the server lives
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StateInUse(f"another local AWS serves {state_dir}: stop it first, or choose another folder") from error
    return file


class _Server(Server):
    """cheroot sets SO_REUSEADDR for fixed ports only; a server that got a free one may be wanted there again."""

    @classmethod
    def prepare_socket(cls, *arguments: Any, **options: Any) -> socket.socket:
        prepared: socket.socket = super().prepare_socket(*arguments, **options)
        prepared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return prepared


def _listen(port: int) -> Server:
    server = _Server((HOST, port), _starting, numthreads=THREADS, request_queue_size=128)
    server.keep_alive_conn_limit = KEPT_CONNECTIONS
    try:
        server.prepare()
    except OSError as error:
        server.stop()
        in_use = "Address already in use" in str(error)
        reason = "another process listens on it" if in_use else str(error)
        raise PortInUse(
            f"port {port} of {HOST} cannot be used ({reason}): choose another, or 0 for a free one"
        ) from error
    return server


def _starting(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)
