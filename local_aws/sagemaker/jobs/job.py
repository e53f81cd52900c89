"""One job in execution: what its kind of job needs to run, and what comes out of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.jobs.control import JobControl
from local_aws.sagemaker.jobs.outputs import Uploads
from local_aws.sagemaker.jobs.reasons import LogTail
from local_aws.sagemaker.jobs.tree import JobTree
from local_aws.sagemaker.store import Record

LOG_GROUPS = {
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "TransformJob": "/aws/sagemaker/TransformJobs",
}


@dataclass(frozen=True)
class Outcome:
    """The end of a job: its status, and what to merge into its description."""

    status: str
    changes: dict[str, Any] = field(default_factory=dict)


class Job:
    """The record of a job, its folder, its control, its logs and its uploads."""

    def __init__(self, context: Context, record: Record, root: Path, control: JobControl) -> None:
        self.context = context
        self.kind = record.kind
        self.name = record.name
        self.arn = record.arn
        self.request = record.body
        self.root = root
        self.control = control
        self.uploads = Uploads(context.objects)
        self.tail = LogTail()
        self.trees: list[JobTree] = []
        self._epoch_ms = int(time.time() * 1000)

    def make_tree(self, subfolder: str = "") -> JobTree:
        """The folder of a container of this job; of several, each but the first needs a subfolder."""
        tree = JobTree(self.root / subfolder)
        self.trees.append(tree)
        return tree

    def told(self, text: str) -> str:
        """A text for the job's description: the containers' folders are called /opt/ml in it again."""
        for tree in self.trees:
            text = tree.mapping.unmapped(text)
        return text

    def log(self, host: str, ending: str = "") -> Callable[[list[str]], None]:
        """A writer of lines to the log stream of one host, which remembers the last of them."""
        group, stream = LOG_GROUPS[self.kind], f"{self.name}/{host}-{self._epoch_ms}{ending}"

        def write(lines: list[str]) -> None:
            self.tail.add(lines)
            self.context.logs.write(group, stream, lines)

        return write

    def note(self, **changes: Any) -> None:
        """Merge something into the job's description while it runs."""
        self.context.store.update(self.kind, self.name, **changes)

    def deadline(self) -> float | None:
        """When MaxRuntimeInSeconds, counted from now, is over, on the clock of time.monotonic."""
        seconds = (self.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
        return None if seconds is None else time.monotonic() + float(seconds)


def whole_seconds(seconds: float) -> int:
    """Rounded up, at least 1, as the service bills."""
    return max(1, math.ceil(seconds))
