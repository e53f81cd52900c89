"""The strangest pictures: which are kept, that each is shown once, and that nothing dangerous is decoded or shown."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model_monitor.record_preprocessor import PNG_SIGNATURE
from model_monitor.report import thumbnails
from model_monitor.report.baseline_profile import FeatureBaseline
from model_monitor.report.strange import LEAST_SURE, UNREADABLE, UNUSUAL, Limits, Strangest, limits_of
from model_monitor.report.thumbnails import LARGEST_SIDE, thumbnail_of
from tests.unit.monitor_report_services import START, png

LIMITS = {"brightness": Limits(0.3, 0.7, 0.4), "width": Limits(32, 32, 1.6)}


class Stream:
    """Records one after another, and how many bodies were asked for."""

    def __init__(self, limits: dict[str, Limits] | None = None) -> None:
        self.strangest = Strangest(LIMITS if limits is None else limits)
        self.count = self.asked = 0

    def send(self, body: bytes | None = None, **row: Any) -> None:
        def given() -> bytes | None:
            self.asked += 1
            return body

        row = {"confidence": 0.99, "brightness": 0.5, "width": 32, "readable": 1, **row}
        self.strangest.consider(row, START + timedelta(seconds=self.count), f"id-{self.count}", given)
        self.count += 1


def large_header(width: int, height: int) -> bytes:
    """A PNG that says to be that large, of no more than some bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def encoded(form: str, size: tuple[int, int] = (300, 100), **more: Any) -> bytes:
    out = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, form, **more)
    return out.getvalue()


def test_the_least_sure_are_kept_in_their_order() -> None:
    stream = Stream()
    rng = np.random.default_rng(3)
    confidence = rng.permutation(np.linspace(0.5, 1.0, 400))
    for number, value in enumerate(confidence.tolist()):
        stream.send(png(number % 200) + bytes([number % 256, number // 256]), confidence=value)
    shown = [one.row["confidence"] for one in stream.strangest.gallery().least_sure]
    assert shown == sorted(confidence.tolist())[:LEAST_SURE]
    # bodies are decoded only where they may be shown
    assert stream.asked < 150


def test_a_picture_is_shown_once_with_the_times_that_it_was_sent() -> None:
    stream = Stream()
    for _ in range(50):
        stream.send(png(10), confidence=0.55, brightness=0.01)
    stream.send(png(20), confidence=0.95)
    gallery = stream.strangest.gallery()
    assert [(one.row["confidence"], one.seen) for one in gallery.least_sure] == [(0.55, 50), (0.95, 1)]
    assert gallery.unusual == ()


def test_one_drift_does_not_hide_another() -> None:
    stream = Stream()
    for number in range(LEAST_SURE):
        stream.send(b"least sure %d" % number, confidence=0.5)
    for number in range(40):
        stream.send(b"dark %d" % number, brightness=0.0 + number / 1000)
    for number in range(3):
        stream.send(b"wide %d" % number, width=33 + number)
    unusual = stream.strangest.gallery().unusual
    # 35 is 3 pixels out of 1.6, 0.0 is 0.3 out of 0.4
    assert [one.feature for one in unusual[:4]] == ["width", "brightness", "width", "brightness"]
    assert unusual[0].row["width"] == 35
    assert unusual[1].row["brightness"] == 0.0
    assert len(unusual) <= UNUSUAL


def test_what_is_within_the_baseline_or_not_known_is_not_unusual() -> None:
    stream = Stream()
    for number in range(LEAST_SURE):
        stream.send(b"least sure %d" % number, confidence=0.5)
    stream.send(b"at its limit", brightness=0.3)
    stream.send(b"unknown", brightness=None, confidence=None)
    assert stream.strangest.gallery().unusual == ()


def test_of_unreadable_records_some_are_kept_and_none_is_called_unsure() -> None:
    stream = Stream()
    for number in range(100):
        stream.send(b"nothing %d" % number, readable=0, confidence=0.5)
    gallery = stream.strangest.gallery()
    assert len(gallery.unreadable) == UNREADABLE
    assert gallery.least_sure == ()
    assert stream.asked == 100
    assert all("neither PNG nor JPEG" in (one.thumbnail.problem or "") for one in gallery.unreadable)


def test_limits_are_of_the_request_and_have_a_width() -> None:
    def feature(name: str, values: list[float]) -> FeatureBaseline:
        return FeatureBaseline(name, "Fractional", len(values), 0, np.array(values), np.arange(1, len(values) + 1))

    found = limits_of(
        {
            "confidence": feature("confidence", [0.9, 1.0]),
            "brightness": feature("brightness", np.linspace(0, 1, 101).tolist()),
            "width": feature("width", [32.0] * 10),
            "empty": FeatureBaseline("empty", "Fractional", 0, 5),
        }
    )
    assert list(found) == ["brightness", "width"]
    assert (found["brightness"].low, found["brightness"].high) == pytest.approx((0.01, 0.99), abs=0.011)
    assert found["width"].beyond(32) == 0
    assert found["width"].beyond(48) == pytest.approx(10)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_is_encoded_anew_and_small(form: str) -> None:
    made = thumbnail_of(encoded(form))
    assert (made.width, made.height, made.problem) == (LARGEST_SIDE, 43, None)
    with Image.open(io.BytesIO(made.png or b"")) as image:
        assert (image.format, image.size) == ("PNG", (LARGEST_SIDE, 43))


def test_small_pictures_stay_as_they_are() -> None:
    made = thumbnail_of(png(100))
    with Image.open(io.BytesIO(made.png or b"")) as image, Image.open(io.BytesIO(png(100))) as original:
        assert (np.asarray(image) == np.asarray(original)).all()


def test_a_turned_photograph_is_shown_upright_and_nothing_of_its_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where the courier lives"
    made = thumbnail_of(encoded("JPEG", (120, 40), exif=exif))
    assert (made.width, made.height) == (40, 120)
    assert b"courier" not in (made.png or b"")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "not captured"),
        (b"", "neither PNG nor JPEG: 0 bytes"),
        (b"<svg onload=alert(1)>", "neither PNG nor JPEG"),
        (encoded("GIF", (8, 8)), "neither PNG nor JPEG"),
        (encoded("TIFF", (8, 8)), "neither PNG nor JPEG"),
        (png()[:120], "damaged"),
        (png()[:-20] + b"\0" * 20, "damaged"),
        (encoded("JPEG")[:400], "damaged"),
        (large_header(20_000, 20_000), "too large"),
        (large_header(6000, 5000), "too large: 6000 x 5000 pixels"),
        (large_header(2_000_000_000, 2_000_000_000), "too large"),
    ],
)
def test_anything_else_is_a_reason_and_no_picture(body: bytes | None, reason: str) -> None:
    made = thumbnail_of(body)
    assert made.png is None
    assert reason in (made.problem or "")
    assert "\n" not in (made.problem or "")


def test_too_many_bytes_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MAX_BYTES", 100)
    assert "at most 100 are decoded" in (thumbnail_of(png()).problem or "")
