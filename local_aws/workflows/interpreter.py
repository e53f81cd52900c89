"""moto's interpreter, imported when the first definition needs it: that takes more than a second."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_aws.workflows.executions import Executions

_LOCK = threading.Lock()
_AROUND: list[Any] = []
_READY: list[Any] = []


def act_on(invoke: Any, endpoint_url: str, executions: Executions) -> None:
    """Hand tasks to these functions and this endpoint, and the children of map runs to these executions."""
    with _LOCK:
        _AROUND[:] = [invoke, endpoint_url, executions]
        if _READY:
            _connect()


def parse(definition: str) -> Any:
    """A definition as a program. Raises InvalidDefinition."""
    return _module().parse(definition)


def new_run(*arguments: Any) -> Any:
    """A local_aws.workflows.run.Run, of the same arguments."""
    return _module().Run(*arguments)


def _module() -> Any:
    with _LOCK:
        if not _READY:
            from local_aws.workflows import distributed_map, item_reader, moto_faults, run, tasks

            moto_faults.install()
            tasks.install()
            distributed_map.install()
            item_reader.install()
            _READY.append(run)
            _connect()
        return _READY[0]


def _connect() -> None:
    from local_aws.workflows import distributed_map, tasks

    if _AROUND:
        invoke, endpoint_url, executions = _AROUND
        tasks.act_on(tasks.Surroundings(invoke, endpoint_url))
        distributed_map.run_children_with(executions)
