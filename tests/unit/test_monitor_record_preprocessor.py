"""The record preprocessor's features, for every kind of PNG, for JPEG, for answers in each form, and for damage."""

from __future__ import annotations

import base64
import io
import itertools
import json
import math
import random
import struct
import tracemalloc
import zlib
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model_monitor import record_preprocessor
from model_monitor.record_preprocessor import DEPTHS, FEATURES, preprocess_handler
from training.image_decoding import decode_image

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
KINDS = [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
OF_COLOUR = ("brightness", "contrast", "saturation", "sharpness", "warmth")
OF_ANSWER = ("confidence", "margin", "entropy", "predicted_class", "probability")

Samples = NDArray[np.int64]


def features(picture: bytes, answer: Any = "[0.75, 0.25]", encoding: str = "JSON") -> dict[str, Any]:
    return preprocess_handler(
        SimpleNamespace(
            endpoint_input=SimpleNamespace(data=base64.b64encode(picture).decode(), encoding="BASE64"),
            endpoint_output=SimpleNamespace(data=answer, encoding=encoding),
        )
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    samples: Samples,
    colour: int,
    depth: int,
    interlaced: bool = False,
    filters: Sequence[int] = (0, 1, 2, 3, 4),
    extra: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """(height, width, channels) samples as a PNG whose rows take the filters in turn."""
    height, width, _ = samples.shape
    turns = itertools.cycle(filters)
    raw = b""
    for column, row, across, down in ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = samples[row::down, column::across]
        if part.size:
            raw += filtered([packed(line.ravel().tolist(), depth) for line in part], turns, colour, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    compressed = zlib.compress(raw)
    half = len(compressed) // 2
    chunks = [
        (b"IHDR", header), *extra, (b"IDAT", compressed[:half]), (b"IDAT", compressed[half:]), (b"IEND", b"")
    ]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def packed(line: list[int], depth: int) -> bytes:
    if depth == 16:
        return b"".join(value.to_bytes(2, "big") for value in line)
    bits = "".join(f"{value:0{depth}b}" for value in line)
    return bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))


def filtered(rows: list[bytes], turns: Any, colour: int, depth: int) -> bytes:
    """As the standard's forward filters are written there, a byte at a time."""
    step = max(1, CHANNELS[colour] * depth // 8)
    out, above = b"", bytes(len(rows[0]))
    for row in rows:
        kind = next(turns)
        out += bytes([kind])
        for at, value in enumerate(row):
            a = row[at - step] if at >= step else 0
            b = above[at]
            c = above[at - step] if at >= step else 0
            guess = (0, a, b, (a + b) // 2, min((a, b, c), key=lambda each: abs(a + b - c - each)))[kind]
            out += bytes([(value - guess) % 256])
        above = row
    return out


def expected(rgb: NDArray[Any]) -> dict[str, float]:
    """The definitions of the module's docstring, from (height, width, 3) levels of 0..255."""
    colours = rgb.astype(np.float64) / 255
    luma = colours @ np.array([0.299, 0.587, 0.114])
    high, low = colours.max(axis=2), colours.min(axis=2)
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return {
        "brightness": luma.mean(),
        "contrast": luma.std(),
        "saturation": ((high - low) / np.where(high > 0, high, 1)).mean(),
        "sharpness": np.abs(luma[1:-1, 1:-1] - neighbours / 4).mean(),
        "warmth": (colours[:, :, 0] - colours[:, :, 2]).mean(),
    }


def over_white(colours: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    return np.round(255 - (255 - colours) * alpha / 255)


def samples_of(colour: int, depth: int, height: int, width: int, seed: int = 5) -> Samples:
    return np.random.default_rng(seed).integers(0, 1 << depth, (height, width, CHANNELS[colour]))


def encoded(picture: Any, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, kind, **options)
    return file.getvalue()


def assert_figures(row: dict[str, Any], rgb: NDArray[Any], within: float = 2e-6) -> None:
    assert row["readable"] == 1
    assert {name: row[name] for name in OF_COLOUR} == pytest.approx(expected(rgb), abs=within)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "depth"), KINDS)
def test_every_kind_of_png_has_the_figures_of_its_pixels(colour: int, depth: int, interlaced: bool) -> None:
    samples = samples_of(colour, depth, 23, 19)
    palette = np.random.default_rng(6).integers(0, 256, (1 << min(depth, 8), 3))
    extra = [(b"PLTE", bytes(palette.ravel().tolist()))] if colour == PALETTE else []
    row = features(png(samples, colour, depth, interlaced, extra=extra))

    levels = samples >> 8 if depth == 16 else samples * 255 // ((1 << depth) - 1)
    if colour == PALETTE:
        rgb = palette[samples[:, :, 0]]
    elif colour in (RGB, RGB_ALPHA):
        rgb = levels[:, :, :3]
    else:
        rgb = levels[:, :, :1].repeat(3, axis=2)
    if colour in (GREY_ALPHA, RGB_ALPHA):
        rgb = over_white(rgb, levels[:, :, -1:])
    assert (row["width"], row["height"]) == (19, 23)
    assert_figures(row, rgb)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2), (5, 3), (8, 8)])
def test_small_interlaced_pictures_have_empty_passes(size: tuple[int, int]) -> None:
    samples = samples_of(RGB, 8, *size)
    plain, woven = (features(png(samples, RGB, 8, interlaced)) for interlaced in (False, True))
    assert {**plain, "payload_bytes": 0} == {**woven, "payload_bytes": 0}
    assert plain["readable"] == 1
    assert (plain["sharpness"] is None) == (min(size) < 3)


@pytest.mark.parametrize(
    ("colour", "depth", "key"),
    [(GREY, 2, (2,)), (GREY, 8, (7,)), (GREY, 16, (0x1234,)), (RGB, 8, (1, 2, 3)), (RGB, 16, (0x1234, 5, 6))],
)
def test_a_transparent_colour_is_white(colour: int, depth: int, key: tuple[int, ...]) -> None:
    samples = samples_of(colour, depth, 6, 6)
    samples[2:5, 1:4] = key
    levels = samples >> 8 if depth == 16 else samples * 255 // ((1 << depth) - 1)
    rgb = levels if colour == RGB else levels.repeat(3, axis=2)
    rgb[(samples == np.array(key)).all(axis=2)] = 255
    transparency = b"".join(value.to_bytes(2, "big") for value in key)
    assert_figures(features(png(samples, colour, depth, extra=[(b"tRNS", transparency)])), rgb)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("optimize", [False, True])
def test_what_pillow_writes_is_seen_as_the_model_sees_it(mode: str, optimize: bool) -> None:
    rng = np.random.default_rng(9)
    rgba = Image.fromarray(rng.integers(0, 256, (5, 5, 4), dtype=np.uint8)).resize((32, 32))
    if mode == "I;16":
        picture = Image.fromarray(rng.integers(0, 65536, (32, 32), dtype=np.uint16))
    else:
        picture = rgba.convert("RGB").convert(mode) if mode in ("P", "1", "L") else rgba.convert(mode)
    body = encoded(picture, optimize=optimize)
    assert_figures(features(body), decode_image(body, 32), within=0.003)


def test_a_palette_with_transparency_and_an_index_beyond_it() -> None:
    samples = np.array([[[0], [1], [2], [3]]] * 4)
    extra = [(b"PLTE", bytes([10, 20, 30, 200, 100, 50, 255, 0, 0])), (b"tRNS", bytes([255, 0]))]
    rgb = np.array([[[10, 20, 30], [255, 255, 255], [255, 0, 0], [0, 0, 0]]] * 4)
    assert_figures(features(png(samples, PALETTE, 2, extra=extra)), rgb)


def test_a_large_picture_is_judged_by_bands_over_its_whole_height() -> None:
    rng = np.random.default_rng(3)
    shade = np.linspace(0, 200, 900)[:, None, None] + rng.integers(0, 40, (900, 700, 3))
    rgb = shade.astype(np.uint8)
    row = features(encoded(rgb))
    assert (row["width"], row["height"]) == (700, 900)
    assert_figures(row, rgb, within=0.03)
    woven = features(png(rgb[:160, :140].astype(np.int64), RGB, 8, interlaced=True, filters=(1,)))
    exact = expected(rgb[:160, :140])
    assert woven["brightness"] == pytest.approx(exact["brightness"], abs=0.03)


def test_a_large_picture_that_can_be_entered_nowhere_else_is_judged_by_its_top() -> None:
    samples = np.concatenate([np.full((130, 180, 3), 250), np.full((60, 180, 3), 5)])
    row = features(png(samples, RGB, 8, filters=(2,)))
    assert row["readable"] == 1
    assert row["brightness"] == pytest.approx(250 / 255, abs=1e-6)


def test_the_figures_tell_pictures_apart() -> None:
    base = np.asarray(
        Image.fromarray(np.random.default_rng(1).integers(40, 200, (8, 8, 3), dtype=np.uint8)).resize((32, 32))
    )
    noisy = np.clip(base + np.random.default_rng(2).integers(-20, 20, base.shape), 0, 255).astype(np.uint8)
    plain, dark, swapped = (
        features(encoded(each)) for each in (noisy, (noisy * 0.6).astype(np.uint8), noisy[:, :, ::-1])
    )
    smooth = features(encoded(base))
    assert dark["brightness"] == pytest.approx(plain["brightness"] * 0.6, abs=0.01)
    assert swapped["warmth"] == pytest.approx(-plain["warmth"], abs=1e-6)
    assert smooth["sharpness"] < plain["sharpness"] / 2


# --- JPEG


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + b"\xff\xd8\xff\xc0\0\x11" * 9}])
def test_a_jpeg_has_its_size_alone(options: dict[str, Any]) -> None:
    row = features(encoded(Image.new("RGB", (37, 21), (200, 10, 10)), "JPEG", **options))
    assert (row["width"], row["height"], row["readable"]) == (37, 21, 1)
    assert {row[name] for name in OF_COLOUR} == {None}


def test_a_truncated_jpeg_is_unreadable_wherever_it_ends() -> None:
    whole = encoded(np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8), "JPEG")
    for end in range(2, len(whole) - 1, 7):
        row = features(whole[:end])
        assert (row["readable"], row["width"], row["height"]) == (0, None, None), end


# --- answers

ANSWERS = [
    ("[0.9388, 0.0612]", "JSON"),
    ('{"prediction": [0.9388, 0.0612]}\n', "JSON"),
    ('{"predictions": [[0.9388, 0.0612]]}', "JSON"),
    ("[[0.9388, 0.0612]]", "JSON"),
    ("0.9388,0.0612\n", "CSV"),
    ("0.9388, 0.0612", "CSV"),
    (base64.b64encode(b"[0.9388, 0.0612]").decode(), "BASE64"),
    (base64.b64encode(b"0.9388,0.0612").decode(), "BASE64"),
    ([0.9388, 0.0612], "JSON"),
]


@pytest.mark.parametrize(("answer", "encoding"), ANSWERS)
def test_an_answer_in_each_form(answer: Any, encoding: str) -> None:
    row = features(encoded(Image.new("RGB", (4, 4))), answer, encoding)
    assert row["readable"] == 1
    assert row["confidence"] == 0.9388
    assert row["margin"] == 0.8776
    assert row["entropy"] == pytest.approx(-(0.9388 * math.log(0.9388) + 0.0612 * math.log(0.0612)), abs=1e-6)
    assert (row["predicted_class"], row["probability"]) == ("bicycle", 0.0612)


def test_a_certain_answer_has_no_entropy() -> None:
    row = features(encoded(Image.new("RGB", (4, 4))), "[0.0, 1.0]")
    assert (row["confidence"], row["margin"], row["entropy"], row["predicted_class"]) == (1.0, 1.0, 0.0, "motorcycle")


@pytest.mark.parametrize(
    "answer",
    [
        *("", "[]", "[0.5]", "[0.2, 0.3, 0.5]", "[NaN, 1]", "[1e999, 0]", "[-0.5, 1.5]", "[0.2, 0.2]", "[true, false]"),
        *("null", '{"a": 1}', '{"prediction": 7}', "[[[", "[" * 100_000, '["x", 1]', "bicycle", "[{}, 1]", "\ud800"),
        *("1" * 5000 + ",0", "[" + "9" * 400 + ", 0]"),
    ],
)
def test_an_answer_that_is_none_leaves_the_pictures_figures(answer: str) -> None:
    row = features(encoded(Image.new("RGB", (4, 4), (255, 255, 255))), answer)
    assert tuple(row) == FEATURES
    assert row["readable"] == 0
    assert {row[name] for name in OF_ANSWER} == {None}
    assert row["brightness"] == 1.0


# --- damage


def small_png() -> bytes:
    return encoded(
        Image.fromarray(np.random.default_rng(4).integers(0, 256, (3, 3, 3), dtype=np.uint8)).resize((16, 16))
    )


def assert_unreadable(row: dict[str, Any]) -> None:
    assert tuple(row) == FEATURES
    assert row["readable"] == 0
    assert {row[name] for name in ("width", "height", *OF_COLOUR)} == {None}
    assert row["confidence"] == 0.75


def test_a_truncated_png_is_unreadable_wherever_it_ends() -> None:
    whole = small_png()
    for end in range(len(whole)):
        assert_unreadable(features(whole[:end]))


def test_a_changed_byte_is_noticed_wherever_it_stands() -> None:
    whole = small_png()
    for at in range(len(whole)):
        assert_unreadable(features(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]))


def test_random_damage_never_raises() -> None:
    rng = random.Random(6)
    samples = samples_of(PALETTE, 4, 12, 12)
    extra = [(b"PLTE", bytes(range(48))), (b"tRNS", bytes(range(16)))]
    pictures = [small_png(), encoded(Image.new("RGB", (30, 20)), "JPEG"), png(samples, PALETTE, 4, True, extra=extra)]
    for _ in range(1500):
        picture = bytearray(rng.choice(pictures))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(8, len(picture))
            picture[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 4))
        row = features(with_sums(bytes(picture)) if rng.random() < 0.7 else bytes(picture))
        assert tuple(row) == FEATURES
        json.dumps(row, allow_nan=False)


def with_sums(picture: bytes) -> bytes:
    """The picture with the right sum in every chunk, so that damage reaches what lies behind the check."""
    out, at = picture[:8], 8
    while at + 12 <= len(picture):
        length = struct.unpack(">I", picture[at : at + 4])[0]
        if at + 12 + length > len(picture):
            break
        out += chunk(picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length])
        at += 12 + length
    return out + picture[at:]


@pytest.mark.parametrize(
    ("header", "extra", "what"),
    [
        ((0, 4, 8, 2, 0, 0, 0), (), "no width"),
        ((1 << 31, 4, 8, 2, 0, 0, 0), (), "a width over the standard's"),
        ((4, 4, 3, 0, 0, 0, 0), (), "a depth that is none"),
        ((4, 4, 8, 5, 0, 0, 0), (), "a colour type that is none"),
        ((4, 4, 8, 2, 1, 0, 0), (), "another compression"),
        ((4, 4, 8, 2, 0, 0, 2), (), "another interlacing"),
        ((4, 4, 8, 3, 0, 0, 0), (), "no palette"),
        ((4, 4, 8, 3, 0, 0, 0), ((b"PLTE", b"1234"),), "a palette of a third colour"),
        ((4, 4, 8, 2, 0, 0, 0), ((b"tRNS", b"12"),), "a short transparent colour"),
        ((4, 4, 8, 2, 0, 0, 0), ((b"NEWS", b""),), "a critical chunk that nobody knows"),
        ((4, 4, 8, 2, 0, 0, 0), ((b"IHDR", b""),), "two headers"),
        ((4, 5, 8, 2, 0, 0, 0), (), "fewer rows than said"),
        ((4, 3, 8, 2, 0, 0, 0), (), "more rows than said"),
    ],
)
def test_a_header_that_cannot_be(header: tuple[int, ...], extra: tuple[tuple[bytes, bytes], ...], what: str) -> None:
    rows = zlib.compress(bytes(4 * 13))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", *header)), *extra, (b"IDAT", rows), (b"IEND", b""))
    assert_unreadable(features(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)))


@pytest.mark.parametrize("size", [(4, 4), (30_000, 30_000), (2_000_000_000, 1)])
def test_a_bomb_is_not_unpacked(size: tuple[int, int]) -> None:
    bomb = zlib.compress(bytes(50 << 20))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    picture = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", bomb) + chunk(b"IEND", b"")
    tracemalloc.start()
    row = features(picture)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_unreadable(row)
    assert peak < 10 * len(picture) < 1_000_000


@pytest.mark.parametrize("body", [b"", b"hello", b"GIF89a", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", bytes(1000)])
def test_what_is_no_picture(body: bytes) -> None:
    row = features(body)
    assert_unreadable(row)
    assert row["payload_bytes"] == len(body)


def test_sides_that_were_not_captured_or_are_damaged() -> None:
    for given in (None, SimpleNamespace(data=None), SimpleNamespace(data="%%%", encoding="BASE64")):
        row = preprocess_handler(SimpleNamespace(endpoint_input=given, endpoint_output=given, event_metadata=None))
        assert row == {**dict.fromkeys(FEATURES), "readable": 0}
    text = preprocess_handler(SimpleNamespace(endpoint_input=SimpleNamespace(data="é", encoding="CSV")))
    assert (text["payload_bytes"], text["readable"]) == (2, 0)


def test_the_reason_goes_to_the_logger() -> None:
    said: list[str] = []
    record = SimpleNamespace(endpoint_output=SimpleNamespace(data="[0.5, 0.5]", encoding="JSON"))
    preprocess_handler(record, SimpleNamespace(info=said.append))
    assert said == ["endpoint_input: not captured"]


def test_the_work_on_a_large_picture_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    original = record_preprocessor._unfiltered

    def counted(kind: int, row: bytes, above: bytes, step: int) -> bytes:
        decoded.append(len(row))
        return original(kind, row, above, step)

    monkeypatch.setattr(record_preprocessor, "_unfiltered", counted)
    for shape in ((2000, 1500), (20, 30_000), (30_000, 20)):
        decoded.clear()
        picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
        assert features(encoded(picture, compress_level=1))["readable"] == 1
        assert sum(decoded) <= max(record_preprocessor.MAX_SAMPLED_BYTES, shape[1] * 3)
