"""Reading captured data: windows to the second, every encoding, damage counted, order, and memory."""

from __future__ import annotations

import base64
import json
import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from model_monitor.capture import Captured, CaptureMissing, CaptureRecord, Window, read_capture, reading
from model_monitor.capture import files as capture_files
from model_monitor.capture import lines as capture_lines
from model_monitor.record_preprocessor import FEATURES

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
PICTURE = b"\x89PNG not quite"


def line(moment: datetime, event: str, **changes: Any) -> bytes:
    data = {
        "endpointInput": side("INPUT", "image/png", base64.b64encode(PICTURE).decode(), "BASE64"),
        "endpointOutput": side("OUTPUT", "application/json", "[0.9388, 0.0611]", "JSON"),
    }
    metadata = {"eventId": event, "inferenceTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    record = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    for path, value in changes.items():
        parts = path.split("__")
        inner: Any = record
        for part in parts[:-1]:
            inner = inner[part]
        inner[parts[-1]] = value
    return json.dumps(record).encode() + b"\n"


def side(mode: str, content_type: str, data: str, encoding: str) -> dict[str, str]:
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def write(folder: Path, moment: datetime, content: bytes, variant: str = "AllTraffic", name: str = "") -> Path:
    """As data capture does: in the folder of the moment's hour, by the moment's name."""
    file = folder / variant / f"{moment:%Y/%m/%d/%H}" / (name or f"{moment:%M-%S}-000-0b0e.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def events(captured: Captured) -> list[str]:
    return [record.event_metadata.event_id for record in captured]


def read_one(tmp_path: Path, content: bytes) -> CaptureRecord:
    (tmp_path / "one.jsonl").write_bytes(content)
    (record,) = read_capture(tmp_path)
    return record


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        yield client


def upload(s3: Any, folder: Path) -> None:
    for file in folder.rglob("*.jsonl"):
        s3.put_object(Bucket="bucket", Key=f"captured/ep/{file.relative_to(folder).as_posix()}", Body=file.read_bytes())


# --- records


def test_a_record_is_typed(tmp_path: Path) -> None:
    changes = {"eventMetadata__inferenceId": "mine", "eventMetadata__customAttributes": ["trace=7"]}
    record = read_one(tmp_path, line(NOON, "e1", **changes))
    assert record.endpoint_input is not None and record.endpoint_output is not None
    assert record.endpoint_input.body() == PICTURE
    assert record.endpoint_output.body() == b"[0.9388, 0.0611]"
    assert (record.id, record.event_metadata.event_id, record.event_metadata.inference_time) == ("mine", "e1", NOON)
    assert record.event_metadata.custom_attributes == ("trace=7",)
    assert read_one(tmp_path, line(NOON, "e1")).id == "e1"


@pytest.mark.parametrize(
    ("encoding", "data", "body"),
    [
        ("JSON", "[0.5, 0.5]", b"[0.5, 0.5]"),
        ("JSON", [0.5, 0.5], b"[0.5, 0.5]"),
        ("CSV", "0.5,0.5\n", b"0.5,0.5\n"),
        ("BASE64", base64.b64encode(b"\x00\xff").decode(), b"\x00\xff"),
    ],
)
@pytest.mark.parametrize("name", ["endpointInput", "endpointOutput"])
def test_every_encoding_on_either_side(tmp_path: Path, name: str, encoding: str, data: Any, body: bytes) -> None:
    record = read_one(tmp_path, line(NOON, "e", **{f"captureData__{name}": side("", "x/y", data, encoding)}))
    read = record.endpoint_input if name == "endpointInput" else record.endpoint_output
    assert read is not None and read.body() == body


def test_one_side_alone_is_a_record(tmp_path: Path) -> None:
    record = read_one(tmp_path, line(NOON, "e", captureData={"endpointOutput": side("", "x/y", "1", "CSV")}))
    assert record.endpoint_input is None


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        *(("2026-03-04T12:00:00Z", 0), ("2026-03-04T13:00:00+01:00", 0), ("2026-03-04T12:00:00", 0)),
        *(("2026-03-04T12:00:00.5Z", 500_000), ("2026-03-04T12:00:00.1234567Z", 123_456)),
    ],
)
def test_times_in_each_form(tmp_path: Path, text: str, microseconds: int) -> None:
    record = read_one(tmp_path, line(NOON, "e", eventMetadata__inferenceTime=text))
    assert record.event_metadata.inference_time == NOON + timedelta(microseconds=microseconds)


# --- windows


@pytest.fixture
def hours(tmp_path: Path) -> Path:
    """Records on both sides of each boundary, of two variants; one file bears the next hour, one the last's name."""
    folder = tmp_path / "ep"
    write(folder, NOON - HOUR, line(NOON - HOUR, "first") + line(NOON - SECOND, "last of eleven"))
    write(folder, NOON, line(NOON, "noon") + line(NOON - SECOND, "late of eleven"))
    write(folder, NOON, line(NOON + SECOND, "blue"), variant="Blue")
    write(folder, NOON + HOUR - SECOND, line(NOON + HOUR - SECOND, "last of twelve") + line(NOON + HOUR, "thirteen"))
    write(folder, NOON + 5 * HOUR, line(NOON + 5 * HOUR, "much later"))
    write(folder, NOON - 24 * HOUR, line(NOON - 24 * HOUR, "yesterday"))
    return folder


WINDOWS = {
    (NOON, NOON + HOUR): ["noon", "blue", "last of twelve"],
    (NOON - HOUR, NOON): ["first", "last of eleven", "late of eleven"],
    (NOON + HOUR, NOON + 2 * HOUR): ["thirteen"],
    (NOON, NOON + SECOND): ["noon"],
    (NOON + 2 * HOUR, NOON + 3 * HOUR): [],
}


@pytest.mark.parametrize(("start", "end"), WINDOWS)
def test_a_window_is_exact_to_the_second(hours: Path, s3: Any, start: datetime, end: datetime) -> None:
    upload(s3, hours)
    for place in (hours, "s3://bucket/captured/ep", "s3://bucket/captured/ep/", "s3://bucket/captured"):
        assert events(read_capture(place, Window(start, end), s3=s3)) == WINDOWS[start, end], place
    assert len(events(read_capture("s3://bucket/captured/ep/AllTraffic", None, s3=s3))) == 8


def test_without_a_window_everything_is_read_in_order_of_time(hours: Path) -> None:
    captured = read_capture(hours)
    moments = [record.event_metadata.inference_time for record in captured]
    assert moments == sorted(moments) and len(moments) == 9
    assert (captured.found.files, captured.found.records, captured.found.outside) == (6, 9, 0)


def test_records_outside_are_counted_and_other_hours_are_not_opened(hours: Path) -> None:
    captured = read_capture(hours, Window(NOON, NOON + HOUR))
    list(captured)
    assert (captured.found.files, captured.found.records, captured.found.outside) == (3, 3, 2)


def test_a_year_of_hours_is_not_listed_for_one(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for month in range(1, 13):
        s3.put_object(Bucket="bucket", Key=f"c/ep/All/2026/{month:02}/04/12/a.jsonl", Body=line(NOON, str(month)))
    asked: list[str] = []
    original = capture_files._listed

    def counted(*arguments: Any, **named: Any) -> Iterator[str]:
        for key in original(*arguments, **named):
            asked.append(key)
            yield key

    monkeypatch.setattr(capture_files, "_listed", counted)
    assert events(read_capture("s3://bucket/c/ep", Window(NOON, NOON + HOUR), s3=s3)) == ["3"]
    assert len(asked) == 2


def test_a_folder_made_by_hand_has_no_hours(tmp_path: Path, s3: Any) -> None:
    (tmp_path / "b.jsonl").write_bytes(line(NOON, "noon"))
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "a.jsonl").write_bytes(line(NOON + HOUR, "one"))
    s3.put_object(Bucket="bucket", Key="hand/b.jsonl", Body=line(NOON, "noon"))
    window = Window(NOON, NOON + HOUR)
    assert events(read_capture(tmp_path, window)) == ["noon"]
    assert events(read_capture("s3://bucket/hand", window, s3=s3)) == ["noon"]


@pytest.mark.parametrize(("start", "end"), [(NOON, NOON), (NOON + HOUR, NOON), (NOON.replace(tzinfo=None), NOON)])
def test_a_window_that_is_none(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match=r"the window's start"):
        Window(start, end)


def test_places_that_are_none(tmp_path: Path, s3: Any) -> None:
    with pytest.raises(CaptureMissing, match="no folder"):
        list(read_capture(tmp_path / "nowhere"))
    with pytest.raises(CaptureMissing, match="bucket nowhere does not exist"):
        list(read_capture("s3://nowhere/ep", s3=s3))
    with pytest.raises(ValueError, match="is no S3 URI"):
        list(read_capture("s3:///ep", s3=s3))
    with pytest.raises(ValueError, match="give an S3 client"):
        read_capture("s3://bucket/ep")
    assert list(read_capture("s3://bucket/ep", s3=s3)) == []


# --- damage


DAMAGED = {
    b"\n": "empty",
    b"  \r\n": "empty",
    b"\x89PNG\xff\xfe\n": "not text",
    line(NOON, "x")[:100] + b"\n": "not JSON",
    b"[" * 200_000 + b"\n": "not JSON",
    b"7\n": "not a capture record",
    b"{}\n": "not a capture record",
    line(NOON, "x", captureData={}): "not a capture record",
    line(NOON, "x", captureData=None): "not a capture record",
    line(NOON, "x", captureData__endpointInput__encoding="ROT13"): "not a capture record",
    line(NOON, "x", eventMetadata__inferenceTime="yesterday"): "not a capture record",
    line(NOON, "x", eventMetadata__inferenceTime=7): "not a capture record",
    line(NOON, "x", eventMetadata__eventId=None): "not a capture record",
    line(NOON, "x", eventMetadata__inferenceId=[]): "not a capture record",
    line(NOON, "x")[:100]: "unfinished",
}


@pytest.mark.parametrize(("damage", "kind"), DAMAGED.items(), ids=range(len(DAMAGED)))
def test_a_damaged_line_is_counted_and_shown(tmp_path: Path, damage: bytes, kind: str) -> None:
    write(tmp_path, NOON, line(NOON, "before") + (b"" if kind == "unfinished" else line(NOON, "b")) + damage)
    captured = read_capture(tmp_path)
    assert events(captured)[0] == "before"
    (shown,) = captured.found.first_damaged
    assert captured.found.damaged == {kind: 1}
    assert (shown.line, shown.kind) == (2 if kind == "unfinished" else 3, kind)
    assert str(shown).startswith("AllTraffic/2026/03/04/12/00-00-000-0b0e.jsonl, line ")


def test_what_follows_a_damaged_line_is_read(tmp_path: Path) -> None:
    write(tmp_path, NOON, b"".join(each for each in DAMAGED if each.endswith(b"\n")) + line(NOON, "after"))
    captured = read_capture(tmp_path)
    assert events(captured) == ["after"]
    assert sum(captured.found.damaged.values()) == len(DAMAGED) - 1
    assert len(captured.found.first_damaged) == capture_lines.SHOWN
    assert events(captured) == ["after"] and sum(captured.found.damaged.values()) == len(DAMAGED) - 1


def test_a_last_line_that_is_whole_needs_no_end(tmp_path: Path) -> None:
    write(tmp_path, NOON, line(NOON, "a") + line(NOON, "b").rstrip())
    captured = read_capture(tmp_path)
    assert events(captured) == ["a", "b"] and not captured.found.damaged


def test_a_file_being_written_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    whole = line(NOON, "a") + line(NOON, "b")
    file = write(tmp_path, NOON, whole[: len(whole) // 2 + 20])
    captured = read_capture(tmp_path)
    assert events(captured) == ["a"] and captured.found.damaged == {"unfinished": 1}
    file.write_bytes(whole)
    assert events(captured) == ["a", "b"] and not captured.found.damaged


def test_a_file_that_goes_while_reading_is_counted(tmp_path: Path, s3: Any) -> None:
    write(tmp_path, NOON, line(NOON, "a"))
    write(tmp_path, NOON + SECOND, line(NOON, "b"))
    upload(s3, tmp_path)
    readings = [read_capture(place, s3=s3) for place in (tmp_path, "s3://bucket/captured")]
    readers = [iter(captured) for captured in readings]
    (tmp_path / "AllTraffic/2026/03/04/12/00-01-000-0b0e.jsonl").unlink()
    s3.delete_object(Bucket="bucket", Key="captured/ep/AllTraffic/2026/03/04/12/00-01-000-0b0e.jsonl")
    assert [[record.id for record in reader] for reader in readers] == [["a"], ["a"]]
    assert [captured.found.damaged for captured in readings] == [{"file gone": 1}, {"file gone": 1}]


def test_a_line_that_is_too_long_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_lines, "MAX_LINE_BYTES", 2000)
    monkeypatch.setattr(capture_files, "BLOCK_BYTES", 300)
    long = line(NOON, "long", captureData__endpointInput__data="A" * 5000)
    write(tmp_path, NOON, line(NOON, "a") + long + line(NOON, "b") + long.rstrip())
    captured = read_capture(tmp_path)
    assert events(captured) == ["a", "b"]
    assert captured.found.damaged == {"too long": 2}
    assert [shown.line for shown in captured.found.first_damaged] == [2, 4]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_do_not_depend_on_blocks(size: int) -> None:
    content = b"\n".join([b"one", b"", b"three", b"last"])
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    expected = [(b"one", True), (b"", True), (b"three", True), (b"last", False)]
    assert list(capture_lines.split_lines(blocks)) == expected


def test_a_record_of_six_megabytes(tmp_path: Path) -> None:
    picture = b"\x89PNG" + bytes(6_000_000)
    data = base64.b64encode(picture).decode()
    record = read_one(tmp_path, line(NOON, "big", captureData__endpointInput__data=data))
    assert record.endpoint_input is not None and record.endpoint_input.body() == picture


# --- order and memory


def test_records_of_a_file_come_in_order_of_time(tmp_path: Path) -> None:
    seconds = [5, 1, 4, 1, 3]
    write(tmp_path, NOON, b"".join(line(NOON + each * SECOND, f"{each}.{at}") for at, each in enumerate(seconds)))
    write(tmp_path, NOON + SECOND, line(NOON + 2 * SECOND, "2"), variant="Blue")
    assert events(read_capture(tmp_path)) == ["1.1", "1.3", "2", "3.4", "4.2", "5.0"]


def test_memory_does_not_grow_with_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "REORDERED_BYTES", 500_000)
    body = base64.b64encode(bytes(6000)).decode()
    record = line(NOON, "e", captureData__endpointInput__data=body)
    write(tmp_path, NOON, record * 3000)
    tracemalloc.start()
    count = sum(1 for _ in read_capture(tmp_path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3000
    assert peak < 5_000_000 < 3000 * len(record)


# --- features and the frame


def test_each_record_has_its_features(tmp_path: Path) -> None:
    write(tmp_path, NOON, line(NOON, "a") + line(NOON + SECOND, "b"))
    pairs = list(read_capture(tmp_path).features())
    assert [record.id for record, _ in pairs] == ["a", "b"]
    assert tuple(pairs[0][1]) == FEATURES
    assert (pairs[0][1]["confidence"], pairs[0][1]["readable"]) == (0.9388, 0)
    kept = read_capture(tmp_path).features(lambda record: [] if record.id == "a" else {"x": 1})
    assert [(record.id, row) for record, row in kept] == [("b", {"x": 1})]


def test_the_frame_for_notebooks(tmp_path: Path) -> None:
    write(tmp_path, NOON, line(NOON + SECOND, "b") + line(NOON, "a", eventMetadata__inferenceId="mine") + b"damaged\n")
    captured = read_capture(tmp_path)
    frame = captured.to_frame()
    assert list(frame.columns) == ["inference_time", "inference_id", "event_id", *FEATURES]
    assert frame["event_id"].tolist() == ["a", "b"] and frame["inference_id"].tolist() == ["mine", None]
    assert frame["inference_time"].tolist() == [NOON, NOON + SECOND]
    assert frame["confidence"].tolist() == [0.9388, 0.9388]
    assert captured.found.damaged == {"not JSON": 1}
    with_payload = captured.to_frame(payload=True)
    assert with_payload["input"].tolist() == [PICTURE, PICTURE]
    assert with_payload["output"].iloc[0] == b"[0.9388, 0.0611]"


def test_an_empty_frame_has_its_columns(tmp_path: Path) -> None:
    frame = read_capture(tmp_path).to_frame()
    assert list(frame.columns)[:3] == ["inference_time", "inference_id", "event_id"]
    assert len(frame) == 0 and str(frame["inference_time"].dtype).startswith("datetime64[ns, UTC]")


def test_damaged_base64_is_a_record_that_says_so(tmp_path: Path) -> None:
    write(tmp_path, NOON, line(NOON, "a", captureData__endpointInput__data="%%%"))
    frame = read_capture(tmp_path).to_frame(payload=True)
    assert frame["readable"].tolist() == [0] and frame["input"].tolist() == [None]


def test_records_are_what_a_preprocessor_is_given(tmp_path: Path) -> None:
    record = read_one(tmp_path, line(NOON, "a"))
    service = SimpleNamespace(endpoint_input=0, endpoint_output=0, event_metadata=0)
    assert set(vars(record)) == set(vars(service))
