"""Data capture: the records' form, the objects' keys, and that nothing is lost or written twice."""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import s3_backends

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints import capture_spool
from local_aws.sagemaker.endpoints.capture_log import BATCH_SECONDS, CaptureLog
from local_aws.sagemaker.endpoints.runtime_request import Invocation
from local_aws.sagemaker.jobs.model_server import Answer
from tests.unit.local_aws_runtime_service import BUCKET, CAPTURE, Clock, ModelInProcess, Runtime, echo, make_context
from tests.waiting import PATIENCE_SECONDS

KEY = r"captured/ep/AllTraffic/2026/03/04/11/59-58-765-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(tmp_path: Path, clock: Clock) -> Iterator[Context]:
    made = make_context(tmp_path / "state", clock)
    yield made
    made.store.close()


@pytest.fixture
def runtime(context: Context) -> Runtime:
    made = Runtime(context)
    made.endpoints.add(ModelInProcess(echo), data_capture=CAPTURE)
    return made


def lines(runtime: Runtime) -> list[dict[str, Any]]:
    return [json.loads(line) for _, content in runtime.records() for line in content.splitlines()]


def inputs(runtime: Runtime) -> list[str]:
    return [record["captureData"]["endpointInput"]["data"] for record in lines(runtime)]


def spools(context: Context) -> list[Path]:
    return sorted((context.state_dir / "capture").iterdir())


def restarted(context: Context, clock: Clock) -> CaptureLog:
    """A new process over the folder of one that was killed: nothing of its memory is left."""
    log = context.workers["capture"] = CaptureLog(context, clock=clock.monotonic)
    return log


def test_a_record_has_the_form_of_the_services_own(runtime: Runtime) -> None:
    image = b"\x89PNG\x00"
    model = ModelInProcess(lambda _asked: Answer(200, b"[0.9388, 0.0611]", "application/json"))
    runtime.endpoints.add(model, data_capture=CAPTURE)
    runtime.invoke(image, ContentType="image/png", InferenceId="inference-1", CustomAttributes="trace=7")
    runtime.capture.flush("ep")
    (record,) = lines(runtime)
    assert len(record["eventMetadata"].pop("eventId")) == 36
    assert record == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "image/png",
                "mode": "INPUT",
                "data": base64.b64encode(image).decode(),
                "encoding": "BASE64",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": "[0.9388, 0.0611]",
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "customAttributes": ["trace=7"],
            "inferenceId": "inference-1",
            "inferenceTime": "2026-03-04T11:59:58Z",
        },
        "eventVersion": "0",
    }


def test_what_a_request_does_not_say_is_not_in_its_record(runtime: Runtime) -> None:
    runtime.invoke(b"1,2")
    runtime.capture.flush("ep")
    assert set(lines(runtime)[0]["eventMetadata"]) == {"eventId", "inferenceTime"}


@pytest.mark.parametrize(
    ("content_type", "body", "encoding", "data"),
    [
        ("text/csv", b"1,\xc3\xa9\n", "CSV", "1,é\n"),
        ("text/csv; charset=utf-8", b"1", "CSV", "1"),
        ("Application/JSON", b'{"a": 1}', "JSON", '{"a": 1}'),
        ("text/plain", b"1", "BASE64", "MQ=="),
        ("text/csv", b"\xff", "BASE64", "/w=="),
    ],
)
def test_declared_types_are_captured_as_text_and_all_others_as_base64(
    runtime: Runtime, content_type: str, body: bytes, encoding: str, data: str
) -> None:
    runtime.invoke(body, ContentType=content_type)
    runtime.capture.flush("ep")
    captured = lines(runtime)[0]["captureData"]["endpointInput"]
    assert captured == {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}


def test_where_no_types_are_declared_everything_is_base64(runtime: Runtime) -> None:
    config = {name: value for name, value in CAPTURE.items() if name != "CaptureContentTypeHeader"}
    runtime.endpoints.add(ModelInProcess(echo), data_capture=config)
    runtime.invoke(b"1", ContentType="application/json")
    runtime.capture.flush("ep")
    captured = lines(runtime)[0]["captureData"]
    assert [part["encoding"] for part in captured.values()] == ["BASE64", "BASE64"]


@pytest.mark.parametrize(
    ("modes", "sides"),
    [
        (["Input"], {"endpointInput"}),
        (["Output"], {"endpointOutput"}),
        (["InputAndOutput"], {"endpointInput", "endpointOutput"}),
    ],
)
def test_only_the_sides_asked_for_are_captured(runtime: Runtime, modes: list[str], sides: set[str]) -> None:
    options = [{"CaptureMode": mode} for mode in modes]
    runtime.endpoints.add(ModelInProcess(echo), data_capture={**CAPTURE, "CaptureOptions": options})
    runtime.invoke()
    runtime.capture.flush("ep")
    assert set(lines(runtime)[0]["captureData"]) == sides


def test_answers_that_are_errors_are_not_captured(runtime: Runtime) -> None:
    for status in (400, 500):
        runtime.endpoints.add(
            ModelInProcess(lambda _asked, status=status: Answer(status, b"no", "text/plain")), data_capture=CAPTURE
        )
        with pytest.raises(runtime.client.exceptions.ModelError):
            runtime.invoke()
    runtime.capture.flush("ep")
    assert runtime.records() == []


def test_the_percentage_draws_among_the_requests(context: Context, clock: Clock) -> None:
    draws = iter([0.0, 0.299, 0.3, 0.9])
    context.workers["capture"] = CaptureLog(context, clock=clock.monotonic, sample=lambda: next(draws))
    runtime = Runtime(context)
    runtime.endpoints.add(ModelInProcess(echo), data_capture={**CAPTURE, "InitialSamplingPercentage": 30})
    for number in range(4):
        runtime.invoke(b"%d" % number, ContentType="text/csv")
    runtime.capture.flush("ep")
    assert inputs(runtime) == ["0", "1"]


def test_the_key_has_the_services_layout(runtime: Runtime) -> None:
    runtime.invoke()
    runtime.capture.flush("ep")
    ((key, _),) = runtime.records()
    assert re.fullmatch(KEY, key)


@pytest.mark.parametrize(
    ("destination", "prefix"),
    [("", ""), ("/", ""), ("/a/b/", "a/b/"), ("/../a", "../a/"), (f"/{'p' * 400}", "p" * 400)],
)
def test_any_destination_is_kept_to_the_letter(runtime: Runtime, destination: str, prefix: str) -> None:
    config = {**CAPTURE, "DestinationS3Uri": f"s3://{BUCKET}{destination}"}
    runtime.endpoints.add(ModelInProcess(echo), data_capture=config)
    runtime.invoke()
    runtime.capture.flush("ep")
    ((key, _),) = runtime.records()
    assert key.startswith(f"{prefix.rstrip('/')}/ep/" if prefix else "ep/")


def test_records_of_a_batch_share_an_object_when_it_is_old_enough(runtime: Runtime, clock: Clock) -> None:
    for number in range(3):
        runtime.invoke(b"%d" % number, ContentType="text/csv")
    clock.moment += timedelta(seconds=BATCH_SECONDS - 1)
    runtime.capture.upload_due()
    assert runtime.records() == []
    clock.moment += timedelta(seconds=1)
    runtime.capture.upload_due()
    assert len(runtime.records()) == 1
    assert inputs(runtime) == ["0", "1", "2"]
    assert spools(runtime.context) == []


def test_a_spool_that_is_large_enough_does_not_wait(context: Context, clock: Clock) -> None:
    context.workers["capture"] = CaptureLog(context, batch_bytes=2000, clock=clock.monotonic)
    runtime = Runtime(context)
    runtime.endpoints.add(ModelInProcess(echo), data_capture=CAPTURE)
    for _ in range(4):
        runtime.invoke(b"x" * 300)
    runtime.capture.upload_due()
    assert len(runtime.records()) == 2
    assert len(lines(runtime)) == 4


def test_no_object_spans_an_hour_and_its_key_tells_the_hour_of_its_records(runtime: Runtime, clock: Clock) -> None:
    runtime.invoke(b"before", ContentType="text/csv")
    clock.moment += timedelta(seconds=3)
    runtime.invoke(b"after", ContentType="text/csv")
    runtime.capture.flush("ep")
    found = {key.split("/")[6]: content for key, content in runtime.records()}
    assert set(found) == {"11", "12"}
    assert b'"before"' in found["11"]
    assert b'"after"' in found["12"]


def test_flushing_one_endpoint_leaves_the_others(runtime: Runtime) -> None:
    runtime.endpoints.add(ModelInProcess(echo), name="other", data_capture=CAPTURE)
    runtime.invoke()
    runtime.invoke(name="other")
    runtime.capture.flush("other")
    assert [key.split("/")[1] for key, _ in runtime.records()] == ["other"]


def test_shutting_down_uploads_everything(runtime: Runtime) -> None:
    runtime.capture.recover()
    runtime.invoke()
    runtime.capture.shutdown()
    assert len(lines(runtime)) == 1
    assert spools(runtime.context) == []


def test_what_a_killed_server_left_is_uploaded_at_the_next_start(runtime: Runtime, clock: Clock) -> None:
    for number in range(3):
        runtime.invoke(b"%d" % number, ContentType="text/csv")
    log = restarted(runtime.context, clock)
    log.recover()
    log.shutdown()
    assert inputs(runtime) == ["0", "1", "2"]


def test_a_record_cut_off_by_the_kill_is_dropped_and_said(
    runtime: Runtime, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.invoke(b"whole", ContentType="text/csv")
    (spool,) = spools(runtime.context)
    with open(spool, "ab") as file:
        file.write(b'{"captureData": {"endpointIn')
    log = restarted(runtime.context, clock)
    log.recover()
    log.shutdown()
    assert inputs(runtime) == ["whole"]
    assert "dropped a record of 28 bytes" in caplog.text


@pytest.mark.parametrize("left", [b"", b'{"endpoint_name": "ep", "buc'])
def test_a_spool_that_was_being_made_at_the_kill_is_forgotten(context: Context, clock: Clock, left: bytes) -> None:
    (context.state_dir / "capture" / "59-58-765-x.spool").write_bytes(left)
    log = restarted(context, clock)
    log.recover()
    log.shutdown()
    assert spools(context) == []


def test_a_damaged_spool_is_put_aside_and_named(
    runtime: Runtime, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    (runtime.context.state_dir / "capture" / "a.spool").write_bytes(b"nonsense\n{}\n")
    log = restarted(runtime.context, clock)
    log.recover()
    log.shutdown()
    assert [path.name for path in spools(runtime.context)] == ["a.damaged"]
    assert "a.spool: the first line does not say where its records go" in caplog.text


def test_a_kill_between_upload_and_removal_writes_nothing_twice(runtime: Runtime, clock: Clock) -> None:
    runtime.invoke(b"1", ContentType="text/csv")
    (spool,) = spools(runtime.context)
    content = spool.read_bytes()
    runtime.capture.flush("ep")
    spool.write_bytes(content)
    log = restarted(runtime.context, clock)
    log.recover()
    log.shutdown()
    assert inputs(runtime) == ["1"]
    assert spools(runtime.context) == []


def test_a_spool_stays_until_its_object_is_durable(runtime: Runtime) -> None:
    def no_room() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    runtime.invoke(b"1", ContentType="text/csv")
    durable: list[int] = []
    runtime.context.make_durable = no_room
    runtime.capture.flush("ep")
    assert len(spools(runtime.context)) == 1
    runtime.context.make_durable = lambda: durable.append(len(spools(runtime.context)))
    runtime.capture.upload_due()
    assert durable == [1]
    assert spools(runtime.context) == []
    assert inputs(runtime) == ["1"]


def test_records_for_a_bucket_that_is_missing_wait_for_it(
    runtime: Runtime, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    s3 = runtime.context.objects._backend
    config = {**CAPTURE, "DestinationS3Uri": "s3://later/captured"}
    runtime.endpoints.add(ModelInProcess(echo), data_capture=config)
    runtime.endpoints.add(ModelInProcess(echo), name="other", data_capture=CAPTURE)
    runtime.invoke(name="other")
    assert runtime.invoke(b"1", ContentType="text/csv")["Body"] == b"[1]"
    for _ in range(3):
        clock.moment += timedelta(seconds=BATCH_SECONDS)
        runtime.capture.upload_due()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "records for s3://later wait in" in said[0]
    assert [key.split("/")[1] for key, _ in runtime.records()] == ["other"]
    s3_backends.bucket_accounts.pop("later", None)
    s3.create_bucket("later", "us-east-1")
    runtime.capture.upload_due()
    (key,) = runtime.context.objects.keys("later")
    assert runtime.context.objects.read("later", key).count(b"\n") == 1
    assert spools(runtime.context) == []


def test_a_full_disk_loses_records_and_no_invocations(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.invoke(b"first", ContentType="text/csv")
    really_write = os.write

    def half_then_full(descriptor: int, content: memoryview) -> int:
        if len(content) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_write(descriptor, content[: len(content) - 50])

    monkeypatch.setattr(capture_spool.os, "write", half_then_full)
    for _ in range(2):
        assert runtime.invoke(b"lost", ContentType="text/csv")["Body"] == b"[lost]"
    monkeypatch.undo()
    runtime.invoke(b"last", ContentType="text/csv")
    runtime.capture.flush("ep")
    assert inputs(runtime) == ["first", "last"]
    assert caplog.text.count("records of endpoint ep are lost") == 1


def test_a_flush_waits_for_an_upload_that_is_under_way(runtime: Runtime, clock: Clock) -> None:
    begun, go_on = threading.Event(), threading.Event()
    objects = runtime.context.objects
    really_write = objects.write

    def slow_write(bucket: str, key: str, content: bytes) -> None:
        begun.set()
        assert go_on.wait(PATIENCE_SECONDS)
        really_write(bucket, key, content)

    objects.write = slow_write  # type: ignore[method-assign]
    runtime.invoke()
    clock.moment += timedelta(seconds=BATCH_SECONDS)
    uploading = threading.Thread(target=runtime.capture.upload_due)
    flushing = threading.Thread(target=runtime.capture.flush, args=("ep",))
    uploading.start()
    assert begun.wait(PATIENCE_SECONDS)
    flushing.start()
    flushing.join(0.05)
    assert flushing.is_alive()
    go_on.set()
    flushing.join(PATIENCE_SECONDS)
    assert len(lines(runtime)) == 1
    uploading.join(PATIENCE_SECONDS)


def in_threads(count: int, action: Callable[[int], None]) -> None:
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            action(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert failures == []


def test_under_load_every_record_is_written_exactly_once(context: Context, clock: Clock) -> None:
    """Sixteen writers, small spools that fill all the time, and uploads and flushes in between."""
    log = context.workers["capture"] = CaptureLog(context, batch_bytes=5000, clock=clock.monotonic)
    runtime = Runtime(context)
    runtime.endpoints.add(ModelInProcess(echo), data_capture=CAPTURE)
    (lease,) = runtime.endpoints.by_name["ep"]
    answer = Answer(200, b"[0.5]", "application/json")
    log.recover()

    def write(thread: int) -> None:
        for number in range(250):
            log.record(lease, Invocation("ep", b"x" * 100, inference_id=f"{thread}-{number}"), answer)
            if number % 50 == thread:
                log.flush("ep")

    in_threads(16, write)
    log.shutdown()
    seen = Counter(record["eventMetadata"]["inferenceId"] for record in lines(runtime))
    assert seen == Counter(f"{thread}-{number}" for thread in range(16) for number in range(250))
    assert spools(context) == []
