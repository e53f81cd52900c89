"""Runs the commands of a build, one after the other, inside its container.

A script of its own, `python -I -S agent.py SOCKET_FD FOLDER`. Orders come as JSON, one a line: `{"say": [LINE, …]}`
prints lines, `{"run": [PROGRAM, ARGUMENT, …]}` runs a program in the container's environment and answers
`{"code": N}`. Both go to the same output, so that lines and what programs write stay in their order. Programs that
go on in the background live as long as the container.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

NOT_FOUND = 127


def run(command: list[str], folder: str) -> int:
    """The exit code, 128 + signal number where a signal ended the program."""
    try:
        code = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL).wait()
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)
        return NOT_FOUND
    return code if code >= 0 else 128 - code


def serve(connection: socket.socket, folder: str) -> None:
    """Obey until the other side closes."""
    orders = connection.makefile("r", encoding="utf-8")
    for line in orders:
        order = json.loads(line)
        for text in order.get("say", ()):
            sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.buffer.flush()
        if "run" in order:
            connection.sendall(json.dumps({"code": run(order["run"], folder)}).encode() + b"\n")


if __name__ == "__main__":
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    serve(socket.socket(fileno=descriptor), sys.argv[2])
