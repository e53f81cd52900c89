"""Pictures through the workflow: put where it reads them, an execution each, and what became of it. boto3 only."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pipelines.pictures import PictureMissing, find_pictures
from pipelines.workflow.stack import Workflow

# not `incoming/`, whose objects start executions by themselves
PREFIX = "classify"
AT_A_TIME = 8
FIRST_POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 1.0
LOW_CONFIDENCE = "ThresholdNotMet"

Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Picture:
    """A picture that somebody named, on this machine or in S3 (then `bucket` and `key`)."""

    name: str
    file: Path | None = None
    bucket: str = ""
    key: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a picture's execution. `status` is Step Functions' own; `milliseconds` is from start to end.

    `label`, `confidence` (0 to 1) and `assignment` (nearby, farther) are those of an execution that succeeded; one
    that failed has `error` by name and `cause` in words, and label and confidence where the model was not sure.
    """

    picture: str
    execution_arn: str
    status: str
    milliseconds: float
    label: str | None = None
    confidence: float | None = None
    assignment: str | None = None
    error: str | None = None
    cause: str | None = None

    @property
    def low_confidence(self) -> bool:
        """Whether the execution failed because the model was not sure enough: a human is asked."""
        return self.error == LOW_CONFIDENCE


def find(s3: Any, places: Sequence[str]) -> list[Picture]:
    """The pictures at these places: files, folders, objects (s3://bucket/key) and prefixes (s3://bucket/prefix/).

    Raises PictureMissing.
    """
    return [picture for place in places for picture in _at(s3, place)]


def classify_all(
    clients: Callable[[str], Any],
    workflow: Workflow,
    pictures: Sequence[Picture],
    threshold: float | None = None,
    on_outcome: Callable[[int, int], None] = lambda done, total: None,
    *,
    at_a_time: int = AT_A_TIME,
    sleep: Sleep = time.sleep,
) -> Iterator[Outcome]:
    """An execution for each picture, several at a time; the outcomes come in the pictures' order.

    `clients` gives boto3 clients by service; `on_outcome` is told how many are done, of how many. Raises ClientError
    where an execution could not be started.
    """
    run = uuid.uuid4().hex[:12]

    def classify(numbered: tuple[int, Picture]) -> Outcome:
        number, picture = numbered
        bucket, key = place_picture(clients("s3"), workflow.bucket, picture, f"{PREFIX}/{run}/{number:05}")
        given = {"image_data": "", "s3_bucket": bucket, "s3_key": key}
        if threshold is not None:
            given["threshold"] = threshold  # type: ignore[assignment]
        return _execute(clients("stepfunctions"), workflow.state_machine_arn, f"{run}-{number}", given, picture, sleep)

    clients("s3"), clients("stepfunctions")  # made once, before threads ask for them
    with ThreadPoolExecutor(at_a_time) as pool:
        for done, outcome in enumerate(pool.map(classify, enumerate(pictures)), start=1):
            on_outcome(done, len(pictures))
            yield outcome


def read_outcome(picture: str, execution: dict[str, Any]) -> Outcome:
    """From what DescribeExecution answers of an execution that has ended."""
    milliseconds = (execution["stopDate"] - execution["startDate"]).total_seconds() * 1000
    told = {"picture": picture, "execution_arn": execution["executionArn"], "status": execution["status"]}
    if execution["status"] == "SUCCEEDED":
        output = json.loads(execution["output"])
        answer = {name: output[name] for name in ("label", "confidence", "assignment")}
        return Outcome(**told, milliseconds=milliseconds, **answer)
    error, cause = execution.get("error", execution["status"]), execution.get("cause", "")
    doubt = _json(cause) if error == LOW_CONFIDENCE else _json(cause).get("errorMessage")
    if isinstance(doubt, dict):
        return Outcome(
            **told,
            milliseconds=milliseconds,
            label=doubt.get("label"),
            confidence=doubt.get("confidence"),
            error=error,
            cause=doubt.get("message", cause),
        )
    return Outcome(**told, milliseconds=milliseconds, error=error, cause=doubt or cause)


def _at(s3: Any, place: str) -> list[Picture]:
    if not place.startswith("s3://"):
        return [Picture(str(file), file) for file in find_pictures([Path(place)])]
    bucket, _, key = place.removeprefix("s3://").partition("/")
    try:
        if key and not key.endswith("/"):
            s3.head_object(Bucket=bucket, Key=key)
            return [Picture(place, bucket=bucket, key=key)]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        keys = [item["Key"] for page in pages for item in page.get("Contents", []) if not item["Key"].endswith("/")]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchKey", "NoSuchBucket", "403"):
            refused = "no access to it" if code == "403" else "no such object or bucket; a prefix ends in /"
            raise PictureMissing(f"{place}: {refused}") from error
        raise
    if not keys:
        raise PictureMissing(f"{place}: no object below this prefix")
    return [Picture(f"s3://{bucket}/{each}", bucket=bucket, key=each) for each in keys]


def place_picture(s3: Any, bucket: str, picture: Picture, prefix: str) -> tuple[str, str]:
    """Bucket and key where the workflow reads the picture: its own bucket, the only one that its role may read.

    One that lies elsewhere is put there, below the prefix, under its own name.
    """
    if picture.bucket == bucket:
        return bucket, picture.key
    key = f"{prefix}/{(picture.file.name if picture.file else picture.key.rpartition('/')[2])}"
    if picture.file is not None:
        with open(picture.file, "rb") as body:
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    else:
        s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": picture.bucket, "Key": picture.key})
    return bucket, key


def _execute(states: Any, machine: str, name: str, given: dict[str, Any], picture: Picture, sleep: Sleep) -> Outcome:
    arn = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))["executionArn"]
    return read_outcome(picture.name, wait_for_end(states, arn, sleep))


def wait_for_end(states: Any, arn: str, sleep: Sleep = time.sleep) -> dict[str, Any]:
    """What DescribeExecution answers once the execution has ended; the state machine's timeout bounds the wait."""
    seconds = FIRST_POLL_SECONDS
    while (execution := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        sleep(seconds)
        seconds = min(2 * seconds, LONGEST_POLL_SECONDS)
    return dict(execution)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
