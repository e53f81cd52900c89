"""The runtime of a Python function: AWS's own client, with a socket to the server in the place of its HTTP.

A script of its own, `python bootstrap.py FD HANDLER TASK_ROOT FOLDER…`: serves invocations of HANDLER that come by the
socket FD; TASK_ROOT and the folders (of layers) are where modules are found first. What it sends and receives is said
in channel.py.
"""

from __future__ import annotations

import sys

# the folder of this script is no place for a function to find modules
del sys.path[0]

import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import socket  # noqa: E402
import struct  # noqa: E402
from typing import Any  # noqa: E402

from awslambdaric import bootstrap  # noqa: E402
from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient, InvocationRequest  # noqa: E402

LENGTHS = struct.Struct(">II")
BYTES_OF_MAX_RSS = 1 if sys.platform == "darwin" else 1024


class SocketRuntimeClient(BaseLambdaRuntimeClient):
    """The runtime API's calls, each one message."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__("")
        self._connection = connection
        self._incoming = connection.makefile("rb")
        self._initialised = False

    def wait_next_invocation(self) -> InvocationRequest:
        if not self._initialised:
            self._initialised = True
            self._send("ready", b"")
        lengths = self._incoming.read(LENGTHS.size)
        if len(lengths) < LENGTHS.size:
            sys.exit(0)
        header_length, body_length = LENGTHS.unpack(lengths)
        header = json.loads(self._incoming.read(header_length))
        return InvocationRequest(**header, event_body=self._incoming.read(body_length))

    def post_invocation_result(
        self, invoke_id: str, result_data: Any, content_type: str = "application/json", invocation_id: Any = None
    ) -> None:
        self._send("result", result_data if isinstance(result_data, bytes) else result_data.encode())

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: Any = None
    ) -> None:
        self._send("error", error_response_data.encode())

    def post_init_error(self, error_response_data: Any, error_type_override: str | None = None) -> None:
        self._send("init_error", json.dumps(error_response_data).encode())

    def _send(self, kind: str, body: bytes) -> None:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_MAX_RSS
        header = json.dumps({"kind": kind, "max_memory": most}).encode()
        self._connection.sendall(LENGTHS.pack(len(header), len(body)) + header)
        self._connection.sendall(body)


def main(descriptor: int, handler: str, folders: list[str]) -> None:
    """Serve until the server closes the socket."""
    os.set_inheritable(descriptor, False)
    sys.path[:0] = folders
    sys.argv[1:] = []
    bootstrap.run(handler, SocketRuntimeClient(socket.socket(fileno=descriptor)))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
