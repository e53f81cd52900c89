"""CloudWatch Logs for the executing side: lines go to the groups and streams that the API serves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from moto.logs.models import LogsBackend


class LogGroups:
    """Writes lines of text to log streams, making group and stream at the first line."""

    def __init__(self, backend: LogsBackend, changed: Callable[[], None] = lambda: None) -> None:
        self._backend = backend
        self._changed = changed
        self._lock = threading.Lock()

    def write(self, group: str, stream: str, lines: Iterable[str]) -> None:
        """Append lines, each stamped with the present time in milliseconds, in their order."""
        stamp = int(time.time() * 1000)
        events = [{"timestamp": stamp, "message": line} for line in lines]
        if not events:
            return
        with self._lock:
            self._backend.ensure_log_group(group)
            if stream not in self._backend.groups[group].streams:
                self._backend.create_log_stream(group, stream)
            self._backend.put_log_events(group, stream, events)
        self._changed()
