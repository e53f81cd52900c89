"""The console, loaded when somebody first comes: no other request, and no start of the server, waits for that."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.logs.models import LogsBackend
from moto.sqs.models import SQSBackend

from local_aws.sagemaker.context import Context

if TYPE_CHECKING:
    from local_aws.console.application import Console


class Entrance:
    """A WSGI application. Safe from any thread; the first caller pays for the import."""

    def __init__(self, context: Context, logs: LogsBackend, queues: SQSBackend, alarms: CloudWatchBackend) -> None:
        self._context = context
        self._backends = (logs, queues, alarms)
        self._lock = threading.Lock()
        self._console: Console | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._load()(environ, start_response)

    def _load(self) -> Console:
        with self._lock:
            if self._console is None:
                from local_aws.console.application import Console
                from local_aws.console.record_pages import RecordPages
                from local_aws.console.sources import Sources

                records = RecordPages(self._context.state_dir / "sagemaker.sqlite")
                self._console = Console(Sources(self._context, records, *self._backends))
            return self._console
