"""Many pictures through the bulk workflow: one execution, counts, and results in S3. boto3 only."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pipelines.workflow.classification import AT_A_TIME, PREFIX, Picture, Sleep, place_picture, wait_for_end
from pipelines.workflow.stack import Workflow


@dataclass(frozen=True)
class BulkOutcome:
    """What became of a bulk execution. `status` is Step Functions' own.

    Of one that succeeded the counts of pictures: `images` is the sum of those below it, `failed` counts by error, and
    `summary` is the URI of all that as JSON, beside the results. One that failed has `error` and `cause` instead.
    """

    execution_arn: str
    status: str
    seconds: float
    images: int = 0
    nearby: int = 0
    farther: int = 0
    review: int = 0
    skipped: int = 0
    not_run: int = 0
    failed: Mapping[str, int] | None = None
    summary: str | None = None
    error: str | None = None
    cause: str | None = None


def stage_all(
    clients: Callable[[str], Any],
    workflow: Workflow,
    pictures: Sequence[Picture],
    on_picture: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """Put the pictures below one prefix of the workflow's bucket; the prefix."""
    prefix = f"{PREFIX}/{uuid.uuid4().hex[:12]}"
    s3 = clients("s3")

    def place(numbered: tuple[int, Picture]) -> None:
        number, picture = numbered
        place_picture(s3, workflow.bucket, picture, f"{prefix}/{number:06}")

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for done, _ in enumerate(pool.map(place, enumerate(pictures)), start=1):
            on_picture(done, len(pictures))
    return f"{prefix}/"


def classify_prefix(
    states: Any, workflow: Workflow, prefix: str, threshold: float | None = None, sleep: Sleep = time.sleep
) -> BulkOutcome:
    """Classify every object of the workflow's bucket below this prefix, and wait. Raises ClientError."""
    given: dict[str, Any] = {"s3_bucket": workflow.bucket, "s3_prefix": prefix}
    if threshold is not None:
        given["threshold"] = threshold
    started = states.start_execution(
        stateMachineArn=workflow.bulk_state_machine_arn, name=uuid.uuid4().hex, input=json.dumps(given)
    )
    return read_bulk_outcome(wait_for_end(states, started["executionArn"], sleep))


def read_bulk_outcome(execution: Mapping[str, Any]) -> BulkOutcome:
    """From what DescribeExecution answers of an execution that has ended."""
    told = {
        "execution_arn": execution["executionArn"],
        "status": execution["status"],
        "seconds": (execution["stopDate"] - execution["startDate"]).total_seconds(),
    }
    if execution["status"] != "SUCCEEDED":
        error = execution.get("error", execution["status"])
        return BulkOutcome(**told, error=error, cause=execution.get("cause"))
    output = json.loads(execution["output"])
    counts = {name: output[name] for name in ("images", "review", "skipped", "not_run", "failed", "summary")}
    return BulkOutcome(**told, **counts, **output["assigned"])
