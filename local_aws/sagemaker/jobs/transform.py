"""A batch transform job: the model's server started, every object sent to it, the answers stored.

Unlike the service, which keeps the outputs of the objects that went well, a job that fails or is stopped
stores none.
"""

from __future__ import annotations

import gzip
import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.objects import S3Uri
from local_aws.sagemaker.errors import ServiceError
from local_aws.sagemaker.jobs import inputs
from local_aws.sagemaker.jobs.control import JobFailed
from local_aws.sagemaker.jobs.inputs import InputObject
from local_aws.sagemaker.jobs.job import Job, Outcome
from local_aws.sagemaker.jobs.model_container import resolve_model
from local_aws.sagemaker.jobs.model_server import Answer, ModelServer, ModelServerGone
from local_aws.sagemaker.jobs.payloads import PayloadTooLarge, assembled, payloads

HOST = "algo-1"
DEFAULT_MAX_PAYLOAD_MB = 6
DEFAULT_TIMEOUT_SECONDS = 600
DEFAULT_RETRIES = 3
FIRST_RETRY_SECONDS = 0.1
SHOWN_OF_MESSAGE = 300


@dataclass(frozen=True)
class _Part:
    """One request's body, and the object it is of."""

    source: InputObject
    body: bytes


def run(job: Job) -> Outcome:
    """Execute the job. Raises JobFailed, JobStopped."""
    return _Transform(job).run()


class _Transform:
    def __init__(self, job: Job) -> None:
        self._job = job
        request = job.request
        self._input = request["TransformInput"]
        self._output = request["TransformOutput"]
        self._strategy = request.get("BatchStrategy", "MultiRecord")
        self._max_payload_mb = request.get("MaxPayloadInMB", DEFAULT_MAX_PAYLOAD_MB)
        self._concurrency = request.get("MaxConcurrentTransforms") or 1
        client = request.get("ModelClientConfig", {})
        self._timeout = float(client.get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT_SECONDS))
        self._retries = int(client.get("InvocationsMaxRetries", DEFAULT_RETRIES))
        self._results = job.root / "transformed"
        self._log = job.log(HOST)
        self._data_log = job.log(HOST, "/data-log")

    def run(self) -> Outcome:
        job = self._job
        job.note(TransformStartTime=job.context.now())
        source = self._input["DataSource"]["S3DataSource"]
        found = inputs.find(job.context.objects, source["S3Uri"], source["S3DataType"])
        with self._start_server() as server:
            job.control.check()
            try:
                server.wait_until_ready()
                self._send_all(server, found)
            except JobFailed:
                # a server that was told to stop fails too
                job.control.check()
                raise
        job.control.check()
        job.uploads.folder(self._results, S3Uri.parse(self._output["S3OutputPath"]))
        return Outcome("Completed")

    def _start_server(self) -> ModelServer:
        job = self._job
        try:
            model = resolve_model(job.context, job.request["ModelName"])
        except ServiceError as error:
            raise JobFailed(f"ClientError: {error.message}") from error
        variables = {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self._max_payload_mb),
            "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD" if self._strategy == "SingleRecord" else "MULTI_RECORD",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self._concurrency),
        }
        self._data_log(
            [
                f"[sagemaker logs]: MaxConcurrentTransforms={self._concurrency}, "
                f"MaxPayloadInMB={self._max_payload_mb}, "
                f"BatchStrategy={variables['SAGEMAKER_BATCH_STRATEGY']}"
            ]
        )
        model = model.with_environment({**variables, **job.request.get("Environment", {})})
        return ModelServer(job.context, model, job.make_tree(), job.control, self._log, workers=self._workers())

    def _workers(self) -> int:
        """No more processes than requests at a time, nor than processors."""
        return max(1, min(self._concurrency, os.cpu_count() or 1))

    def _send_all(self, server: ModelServer, found: list[InputObject]) -> None:
        """Send every part, so many at a time, and write the answers in their order."""
        with ThreadPoolExecutor(self._concurrency) as pool:
            under_way: deque[tuple[_Part, Future[bytes]]] = deque()
            try:
                for part in self._parts(found):
                    self._job.control.check()
                    under_way.append((part, pool.submit(self._send, server, part)))
                    if len(under_way) > 2 * self._concurrency:
                        self._write(*under_way.popleft())
                while under_way:
                    self._write(*under_way.popleft())
            except BaseException:
                for _, future in under_way:
                    future.cancel()
                # what was sent already is not waited for
                server.stop()
                raise

    def _parts(self, found: list[InputObject]) -> Iterator[_Part]:
        for item in found:
            content = self._job.context.objects.read(item.bucket, item.key)
            self._result_path(item).parent.mkdir(parents=True, exist_ok=True)
            self._result_path(item).touch()
            try:
                if self._input.get("CompressionType") == "Gzip":
                    content = gzip.decompress(content)
                split = self._input.get("SplitType", "None")
                for body in payloads(content, split, self._strategy, self._max_payload_mb):
                    yield _Part(item, body)
            except (PayloadTooLarge, gzip.BadGzipFile, EOFError) as error:
                raise JobFailed(f"ClientError: {item.uri}: {error}") from error

    def _send(self, server: ModelServer, part: _Part) -> bytes:
        """The model's response. Requests that fail by the server's fault are made again, up to the limit."""
        for attempt in range(self._retries + 1):
            self._job.control.check()
            if attempt:
                time.sleep(FIRST_RETRY_SECONDS * 2 ** (attempt - 1))
            try:
                answer = server.invoke(
                    part.body, self._input.get("ContentType"), self._output.get("Accept"), self._timeout
                )
            except TimeoutError:
                problem = f"no response within {self._timeout:g} s"
                continue
            except ModelServerGone as error:
                problem = f"Unable to get response from algorithm: {error}"
                continue
            if answer.status < 300:
                return answer.body
            problem = self._report(part, answer)
            if answer.status < 500:
                raise JobFailed(f"ClientError: See job logs for more information: {part.source.uri}: {problem}")
        raise JobFailed(f"AlgorithmError: See job logs for more information: {part.source.uri}: {problem}")

    def _report(self, part: _Part, answer: Answer) -> str:
        """Write the error to the log as the service does; returns it on one line."""
        message = answer.body.decode("utf-8", "replace")
        kind = "ClientError" if answer.status < 500 else "AlgorithmError"
        name = f"[sagemaker logs]: {part.source.bucket}/{part.source.key}"
        lines = [f"{name}: {line}" for line in (f"{kind}: {answer.status}", "", "Message:", *message.splitlines())]
        self._data_log(lines)
        first = next(iter(message.splitlines()), "")
        return f"{answer.status}: {first[:SHOWN_OF_MESSAGE]}"

    def _write(self, part: _Part, answer: Future[bytes]) -> None:
        with open(self._result_path(part.source), "ab") as file:
            file.write(assembled(answer.result(), self._output.get("AssembleWith", "None")))

    def _result_path(self, item: InputObject) -> Path:
        return self._results / f"{item.path}.out"


def unsupported(request: dict[str, Any]) -> str:
    """What of a CreateTransformJob request is not supported here, as a sentence; empty where all is."""
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] == "AugmentedManifestFile":
        return "S3DataType AugmentedManifestFile is not compatible with batch transform, S3Prefix and ManifestFile are."
    split = request["TransformInput"].get("SplitType", "None")
    if split not in ("None", "Line"):
        return f"SplitType {split} is not supported here, None and Line are."
    processing = {
        "InputFilter": "$",
        "OutputFilter": "$",
        "JoinSource": "None",
        **request.get("DataProcessing", {}),
    }
    for member, without in (("InputFilter", "$"), ("OutputFilter", "$"), ("JoinSource", "None")):
        if processing[member] != without:
            return (
                f"DataProcessing.{member} {processing[member]} is not supported here: leave it out, or set "
                f"it to {without}."
            )
    if "DataCaptureConfig" in request:
        return "DataCaptureConfig is not supported here for batch transform."
    count = request["TransformResources"]["InstanceCount"]
    if count != 1:
        return f"TransformResources.InstanceCount {count} is not supported here: batch transform runs on one instance."
    return ""
