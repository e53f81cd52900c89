"""gunicorn around a web application that each worker loads for itself, on a socket that is there already."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

import gunicorn.app.base
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

GRACE_SECONDS = 2


class _Server(gunicorn.app.base.BaseApplication):
    def __init__(self, load: Callable[[], Any], descriptor: int, workers: int) -> None:
        self._load = load
        self._options = {
            "bind": f"fd://{descriptor}",
            "workers": workers,
            # a worker takes a connection when it is free, so that no request waits for one that is busy
            "worker_class": "sync",
            "graceful_timeout": GRACE_SECONDS,
            # how long a prediction may take is for the caller to say
            "timeout": 0,
            "loglevel": "warning",
            "errorlog": "-",
            "control_socket_disable": True,
            "post_worker_init": self._worker_is_ready,
            "child_exit": self._worker_has_ended,
        }
        self._ready, self._tell_ready = os.pipe()
        os.set_blocking(self._ready, False)
        self._some_worker_was_ready = False
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        return self._load()

    def _worker_is_ready(self, worker: Any) -> None:
        os.write(self._tell_ready, b".")

    def _worker_has_ended(self, server: Any, worker: Any) -> None:
        """gunicorn would start a worker that dies while it loads again and again: give up instead."""
        with contextlib.suppress(BlockingIOError):
            self._some_worker_was_ready = bool(os.read(self._ready, 4096)) or self._some_worker_was_ready
        if not self._some_worker_was_ready:
            raise HaltServer("Worker failed to boot.", Arbiter.WORKER_BOOT_ERROR)


def serve(load: Callable[[], Any], descriptor: int, workers: int) -> None:
    """Serve until SIGTERM. Exits with 3 where no worker could load the application."""
    _Server(load, descriptor, workers).run()
