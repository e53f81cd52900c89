"""What an operation may touch: the records, the objects in S3, the logs, and the workers that execute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from local_aws.logs import LogGroups
from local_aws.objects import ObjectStore
from local_aws.sagemaker.store import Store, utc_now

if TYPE_CHECKING:
    from local_aws.alarms import Alarms
    from local_aws.events.event_bridge import EventBridge
    from local_aws.functions.functions import Functions
    from local_aws.metrics import Metrics

ACCOUNT_ID = "123456789012"


class Worker(Protocol):
    """Something that executes records in the background (jobs, pipeline executions)."""

    def start(self, kind: str, name: str) -> None:
        """Begin to execute the record, which has its first status already; returns at once."""

    def stop(self, kind: str, name: str) -> None:
        """Ask a running record to stop, which has status Stopping already; returns at once. No error if it ended."""

    def recover(self) -> None:
        """After a restart: end, as Failed with a reason, what an earlier process left running."""

    def shutdown(self) -> None:
        """Stop everything and wait until no process of it is left."""


@dataclass
class Context:
    """Given to every operation and worker. `call` is the API itself, validated, as boto3 would call it."""

    region: str
    state_dir: Path
    store: Store
    objects: ObjectStore
    logs: LogGroups
    endpoint_url: str
    call: Callable[[str, dict[str, Any]], dict[str, Any]]
    make_durable: Callable[[], None]
    now: Callable[[], datetime] = utc_now
    account_id: str = ACCOUNT_ID
    workers: dict[str, Worker] = field(default_factory=dict)
    # set once the services they belong to are made
    metrics: Metrics = field(init=False, repr=False)
    alarms: Alarms = field(init=False, repr=False)
    events: EventBridge = field(init=False, repr=False)
    functions: Functions = field(init=False, repr=False)

    def arn(self, resource: str) -> str:
        """The ARN of a SageMaker resource given as `type/name`, all lower-case type, e.g. `training-job/abc`."""
        return f"arn:aws:sagemaker:{self.region}:{self.account_id}:{resource}"
