"""The secondary statuses of a training job, and the times it passed from one to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
}


def entered(body: dict[str, Any], status: str, moment: datetime) -> dict[str, Any]:
    """The description with the secondary status entered at `moment`, the one before ended."""
    before = body.get("SecondaryStatusTransitions", [])
    if before and before[-1]["Status"] == status:
        return body
    if before:
        before = [*before[:-1], {**before[-1], "EndTime": moment}]
    transition = {"Status": status, "StartTime": moment, "StatusMessage": MESSAGES[status]}
    return {**body, "SecondaryStatus": status, "SecondaryStatusTransitions": [*before, transition]}


def ended(body: dict[str, Any], status: str, moment: datetime) -> dict[str, Any]:
    """The description with the last transition: one that has its end with its beginning."""
    last = "MaxRuntimeExceeded" if body.get("SecondaryStatus") == "MaxRuntimeExceeded" else status
    body = entered(body, last, moment)
    *before, transition = body["SecondaryStatusTransitions"]
    return {**body, "SecondaryStatusTransitions": [*before, {**transition, "EndTime": moment}]}
