"""A map run's results: collected in temporary files while its items run, then written to S3 with a manifest.

Names and members are those of https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
import tempfile
import threading
from typing import IO, Any

from local_aws.workflows.integrations import iso_time
from local_aws.workflows.records import SUCCEEDED, Execution

STATUSES = ("FAILED", "PENDING", "SUCCEEDED")


class Results:
    """What became of the items, in one array for each status; or their outputs, where nobody writes files."""

    def __init__(self, collect: bool) -> None:
        self._collect = collect
        self._lock = threading.Lock()
        self._outputs: dict[int, Any] = {}
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_error: Any) -> None:
        for file in self._files.values():
            file.close()

    def add(self, index: int, ended: Execution) -> None:
        """Add an item that was executed."""
        if self._collect:
            self._append("SUCCEEDED" if ended.status == SUCCEEDED else "FAILED", _result(ended))
        elif ended.output is not None:
            with self._lock:
                self._outputs[index] = json.loads(ended.output)

    def add_pending(self, given: str) -> None:
        """Add an item that was not executed."""
        if self._collect:
            self._append("PENDING", {"Input": given, "InputDetails": {"Included": True}, "Status": "PENDING"})

    def outputs(self, count: int) -> list[Any]:
        """The items' outputs in their order, null for one that failed."""
        return [self._outputs.get(index) for index in range(count)]

    def file(self, status: str) -> IO[bytes] | None:
        """A JSON array of the results by this status, None where there are none. Once for each status."""
        file = self._files.get(status)
        if file is not None:
            file.write(b"]")
            file.seek(0)
        return file

    def _append(self, status: str, result: dict[str, Any]) -> None:
        text = json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode()
        with self._lock:
            file = self._files.get(status)
            if file is None:
                file = self._files[status] = tempfile.TemporaryFile()  # noqa: SIM115
                file.write(b"[" + text)
            else:
                file.write(b"," + text)


class ResultFiles:
    """Where the results of one map run go: PREFIX/MAP-RUN-ID/."""

    def __init__(self, client: Any, bucket: str, prefix: str, map_run_arn: str) -> None:
        self._client = client
        self._bucket = bucket
        self._map_run_arn = map_run_arn
        parent = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
        self._folder = parent + map_run_arn.rpartition(":")[2]

    def write(self, results: Results) -> dict[str, str]:
        """Write files and manifest; bucket and key of the latter."""
        listed = {status: self._write(status, results) for status in STATUSES}
        manifest = {"DestinationBucket": self._bucket, "MapRunArn": self._map_run_arn, "ResultFiles": listed}
        key = f"{self._folder}/manifest.json"
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=json.dumps(manifest).encode(), ContentType="application/json"
        )
        return {"Bucket": self._bucket, "Key": key}

    def _write(self, status: str, results: Results) -> list[dict[str, Any]]:
        file = results.file(status)
        if file is None:
            return []
        key = f"{self._folder}/{status}_0.json"
        self._client.put_object(Bucket=self._bucket, Key=key, Body=file, ContentType="application/json")
        return [{"Key": key, "Size": file.seek(0, 2)}]


def _result(ended: Execution) -> dict[str, Any]:
    output = {"Output": ended.output, "OutputDetails": {"Included": True}} if ended.output is not None else {}
    failed = {"Error": ended.error, "Cause": ended.cause} if ended.status != SUCCEEDED else {}
    return {
        "ExecutionArn": ended.arn,
        "Input": ended.input,
        "InputDetails": {"Included": True},
        "Name": ended.name,
        **output,
        **{name: text for name, text in failed.items() if text is not None},
        "StartDate": iso_time(ended.started),
        "StateMachineArn": ended.state_machine_arn,
        "Status": ended.status,
        "StopDate": iso_time(ended.stopped or ended.started),
    }
