"""Data capture: what endpoints were asked and answered, as JSON lines in S3, each invocation's exactly once.

Only answers of status 2xx are captured: no record of the service that is public shows a model's error. A record is
in its spool before its request is answered. A spool becomes an object when it is some seconds old or some megabytes
large, and is removed when that object is safe on disk; until then it stays and is sent again, under the same key.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from local_aws.objects import S3Uri
from local_aws.periodic import Periodic
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.capture_record import CapturePlan, record_line
from local_aws.sagemaker.endpoints.capture_spool import (
    Spool,
    SpoolAddress,
    SpoolUnreadable,
    drop_torn_line,
    left_behind,
    read_address,
    read_records,
)
from local_aws.sagemaker.endpoints.lease import Lease
from local_aws.sagemaker.endpoints.runtime_request import Invocation
from local_aws.sagemaker.jobs.model_server import Answer

LOGGER = logging.getLogger(__name__)

FOLDER = "capture"
BATCH_SECONDS = 10.0
BATCH_BYTES = 4 * 1024 * 1024
LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class _Stream:
    """What shares a spool: one hour of one variant, to one place."""

    endpoint_name: str
    variant_name: str
    destination: S3Uri
    hour: str


@dataclass(frozen=True)
class _Closed:
    """A spool that is complete and waits for its upload."""

    path: Path
    address: SpoolAddress


class CaptureLog:
    """A Worker. `record` may be called by many threads; uploads happen in a thread of their own, or in `flush`."""

    def __init__(
        self,
        context: Context,
        batch_seconds: float = BATCH_SECONDS,
        batch_bytes: int = BATCH_BYTES,
        clock: Callable[[], float] = time.monotonic,
        sample: Callable[[], float] = random.random,
    ) -> None:
        """`clock` ages the spools; the hour of a record is that of `context.now`. `sample` draws from [0, 1)."""
        self._context = context
        self._folder = context.state_dir / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._batch_seconds = batch_seconds
        self._batch_bytes = batch_bytes
        self._clock = clock
        self._sample = sample
        # for _open and _closed; held while a line is written, never while an object is
        self._lock = threading.Lock()
        self._open: dict[_Stream, Spool] = {}
        self._closed: list[_Closed] = []
        # one upload at a time, so that a flush waits for what is under way
        self._uploading = threading.Lock()
        self._in_trouble: set[str] = set()
        self._periodic = Periodic("data capture", LOOK_SECONDS, self.upload_due)

    def record(self, lease: Lease, invocation: Invocation, answer: Answer) -> None:
        """Capture one invocation, if its endpoint captures and the draw takes it. Call it before answering.

        A record that cannot be written, as on a full disk, is logged and lost: the invocation goes on.
        """
        if lease.data_capture is None:
            return
        trouble = f"endpoint {lease.endpoint_name}"
        try:
            plan = CapturePlan.of(lease.data_capture)
            if self._sample() * 100 >= plan.sampling_percentage:
                return
            moment = self._context.now()
            self._append(
                _Stream(lease.endpoint_name, lease.variant_name, plan.destination, moment.strftime("%Y-%m-%dT%H")),
                record_line(plan, invocation, answer, moment),
                moment,
            )
            self._in_trouble.discard(trouble)
        except (OSError, ValueError) as error:
            self._say_once(trouble, f"records of {trouble} are lost: {error}")

    def flush(self, endpoint_name: str) -> None:
        """Upload everything captured for the endpoint so far. What cannot be uploaded is logged and tried again."""
        with self._uploading:
            self._close(lambda spool: spool.address.endpoint_name == endpoint_name)
            self._upload(self._waiting())

    def upload_due(self) -> None:
        """Upload the spools that are old enough, and those that could not be uploaded before."""
        now = self._clock()
        with self._uploading:
            self._close(lambda spool: now - spool.opened >= self._batch_seconds)
            self._upload(self._waiting())

    def start(self, kind: str, name: str) -> None:
        """Nothing: there is no record to execute, invocations are captured as they come."""

    def stop(self, kind: str, name: str) -> None:
        """Nothing, as for `start`."""

    def recover(self) -> None:
        """Upload what an earlier process left, and begin to upload in the background."""
        for path in left_behind(self._folder):
            try:
                drop_torn_line(path)
                if path.stat().st_size == 0:
                    path.unlink()
                    continue
                self._closed.append(_Closed(path, read_address(path)))
            except SpoolUnreadable as error:
                aside = path.rename(path.with_suffix(".damaged"))
                LOGGER.error("%s; it is put aside as %s", error, aside.name)
        self.upload_due()
        self._periodic.start()

    def shutdown(self) -> None:
        """Upload everything; what cannot be uploaded stays for the next start."""
        self._periodic.stop()
        with self._uploading:
            self._close(lambda _spool: True)
            self._upload(self._waiting())

    def _append(self, stream: _Stream, line: bytes, moment: datetime) -> None:
        with self._lock:
            spool = self._open.get(stream)
            if spool is None:
                address = SpoolAddress.new(stream.destination, stream.endpoint_name, stream.variant_name, moment)
                spool = self._open[stream] = Spool(self._folder, address, self._clock())
            spool.append(line)
            if spool.size >= self._batch_bytes:
                self._finish(stream)
                self._periodic.wake()

    def _close(self, due: Callable[[Spool], bool]) -> None:
        with self._lock:
            for stream in [stream for stream, spool in self._open.items() if due(spool)]:
                self._finish(stream)

    def _finish(self, stream: _Stream) -> None:
        spool = self._open.pop(stream)
        spool.close()
        self._closed.append(_Closed(spool.path, spool.address))

    def _waiting(self) -> list[_Closed]:
        with self._lock:
            return list(self._closed)

    def _upload(self, spools: list[_Closed]) -> None:
        sent: list[_Closed] = []
        missing: set[str] = set()
        for spool in spools:
            bucket = spool.address.bucket
            if bucket in missing:
                continue
            try:
                self._send(spool)
                sent.append(spool)
                self._in_trouble.discard(bucket)
            except Exception as error:
                missing.add(bucket)
                self._say_once(bucket, f"records for s3://{bucket} wait in {self._folder}: {error}")
        try:
            self._forget(sent)
        except Exception as error:
            self._say_once("", f"captured objects could not be made durable, and will be sent again: {error}")

    def _send(self, spool: _Closed) -> None:
        if records := read_records(spool.path):
            self._context.objects.write(spool.address.bucket, spool.address.key, records)

    def _forget(self, sent: list[_Closed]) -> None:
        """Remove the spools, when their objects are on disk: an object in moto's memory is not safe."""
        if not sent:
            return
        self._context.make_durable()
        self._in_trouble.discard("")
        with self._lock:
            self._closed = [spool for spool in self._closed if spool not in sent]
        for spool in sent:
            spool.path.unlink(missing_ok=True)

    def _say_once(self, subject: str, message: str) -> None:
        """Log a trouble when it begins, not at every attempt."""
        if subject not in self._in_trouble:
            self._in_trouble.add(subject)
            LOGGER.error("data capture: %s", message)
