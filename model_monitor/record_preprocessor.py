"""Model Monitor's record preprocessor: one captured invocation of the picture classifier to one flat row of features.

Runs inside Amazon's analyzer image, which has an old Python and promises the standard library alone: this one file, in
Python 3.7's syntax. https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-and-post-processing.html

    confidence       the largest probability, 0..1
    margin           the largest less the second largest, 0..1
    entropy          of the probabilities, in nats, 0..0.693 for two classes
    predicted_class  name of the most probable class
    probability      of the last class, 0..1: tells a shifted mix of classes sooner than predicted_class does
    payload_bytes    length of the request's body, as it was before base64
    width, height    of the picture, in pixels
    brightness       mean luma (ITU-R BT.601), 0..1
    contrast         standard deviation of luma, 0..0.5
    saturation       mean of HSV's saturation, 0..1
    sharpness        mean absolute difference between a pixel's luma and the mean of its four neighbours', 0..1
    warmth           mean red less mean blue, -1..1
    readable         1 if the picture and the answer were understood, else 0

A figure that is not known is None. Figures of colour are for PNG alone, width and height for JPEG too. Transparency is
laid over white, as the model's serving code does. Nothing raises: what cannot be read gives a row that says so.
A picture of more than MAX_SAMPLED_BYTES is judged by bands of rows spread over its height, one of more than
MAX_RAW_BYTES, or of a side over MAX_SIDE, is not read.
"""

# ruff: noqa: B905, UP035 - zip(strict=) and the collections.abc that replace typing are newer than Python 3.7
from __future__ import annotations

import base64
import json
import math
import struct
import zlib
from itertools import accumulate
from typing import Any, Iterator, NamedTuple, Sequence

# of the model's answer, in its order
CLASSES = ("bicycle", "motorcycle")
FEATURES = (
    "confidence",
    "margin",
    "entropy",
    "predicted_class",
    "probability",
    "payload_bytes",
    "width",
    "height",
    "brightness",
    "contrast",
    "saturation",
    "sharpness",
    "warmth",
    "readable",
)

MAX_RAW_BYTES = 50_000_000  # of decompressed rows: a 12-megapixel RGB photograph has 36 million
MAX_SAMPLED_BYTES = 65_536  # of rows that are decoded, and of their pixels: bounds the time of one record
MAX_SIDE = 32_767  # a single row is decoded whole
BANDS = 8
DIGITS = 6

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGB_ALPHA: (8, 16)}
# Adam7: first column, first row, column step, row step of each pass
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
# For each depth below 8, every byte's samples
UNPACKED = {
    depth: [bytes(byte >> shift & (1 << depth) - 1 for shift in range(8 - depth, -1, -depth)) for byte in range(256)]
    for depth in (1, 2, 4)
}
SCALED = {depth: bytes(min(255, sample * 255 // ((1 << depth) - 1)) for sample in range(256)) for depth in (1, 2, 4)}


class Unreadable(ValueError):
    """The request or the answer is not what it should be; the message says how."""


class Row(NamedTuple):
    """One row of pixels, 8 bits a sample."""

    red: bytes
    green: bytes
    blue: bytes


def preprocess_handler(inference_record: Any, logger: Any = None) -> dict[str, Any]:
    """The features of one record, always all of FEATURES and in that order."""
    row: dict[str, Any] = {**dict.fromkeys(FEATURES), "readable": 1}
    for side, features in (("endpoint_output", answer_features), ("endpoint_input", picture_features)):
        try:
            body = body_of(getattr(inference_record, side, None))
            if side == "endpoint_input":
                row["payload_bytes"] = len(body)
            row.update(features(body))
        except Unreadable as error:
            row["readable"] = 0
            if logger is not None:
                logger.info(f"{side}: {error}")
    return row


def body_of(side: Any) -> bytes:
    """The bytes that were sent or answered. Raises Unreadable if they were not captured or are damaged."""
    data = getattr(side, "data", None)
    if data is None:
        raise Unreadable("not captured")
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    encoding = getattr(side, "encoding", None)
    try:
        if str(getattr(encoding, "value", encoding)).upper() == "BASE64":
            return base64.b64decode(data, validate=True)
        text = data if isinstance(data, str) else json.dumps(data)
        return text.encode("utf-8", "surrogatepass")
    except (ValueError, TypeError, RecursionError) as error:
        raise Unreadable(f"damaged {encoding} data: {error}") from error


# --- the answer


def answer_features(body: bytes) -> dict[str, Any]:
    """Confidence, margin, entropy and class of `[p0, p1]`, `{"prediction": [..]}`, `{"predictions": [[..]]}` or CSV."""
    probabilities = _probabilities(body)
    first, second = sorted(probabilities, reverse=True)[:2]
    return {
        "confidence": round(first, DIGITS),
        "margin": round(first - second, DIGITS),
        "entropy": round(-sum(p * math.log(p) for p in probabilities if p > 0), DIGITS),
        "predicted_class": CLASSES[probabilities.index(first)],
        "probability": round(probabilities[-1], DIGITS),
    }


def _probabilities(body: bytes) -> list[float]:
    try:
        text = body.decode("utf-8").strip()
        answer = json.loads(text) if text[:1] in ("[", "{") else text.split(",")
        if isinstance(answer, dict):
            answer = answer["prediction"] if "prediction" in answer else answer["predictions"]
        while isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        if not isinstance(answer, list) or any(isinstance(each, bool) for each in answer):
            raise ValueError("no list of numbers")
        probabilities = [float(each) for each in answer]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise Unreadable(f"no probabilities: {str(error)[:100]}") from error
    inside = all(0 <= each <= 1 + 1e-6 for each in probabilities)  # NaN is not
    if len(probabilities) != len(CLASSES) or not inside or abs(sum(probabilities) - 1) > 0.02:
        raise Unreadable(f"not the probabilities of {len(CLASSES)} classes")
    return [min(each, 1.0) for each in probabilities]


# --- the picture


def picture_features(body: bytes) -> dict[str, Any]:
    """Width and height of a PNG or JPEG picture, and a PNG's figures. Raises Unreadable."""
    if body.startswith(PNG_SIGNATURE):
        png = _parsed_png(body)
        return {"width": png.width, "height": png.height, **_figures(_bands(png, _raw_rows(png)))}
    if body.startswith(b"\xff\xd8"):
        width, height = _jpeg_size(body)
        return {"width": width, "height": height}
    raise Unreadable(f"neither PNG nor JPEG: {len(body)} bytes from {body[:8]!r}")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height of the frame header (SOF0 to SOF15). ITU-T T.81, annex B."""
    at, size = 2, None
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker == 0xDA:  # scan: the picture's own data, up to the end-of-image marker
            if size is None or 0 in size or data.rfind(b"\xff\xd9") < at:
                break
            return size
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and at + 9 <= len(data):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            size = (width, height)
        at += 2 + length
    raise Unreadable("JPEG without size, or truncated")


class Png(NamedTuple):
    """A PNG's header and the chunks that its pixels need. https://www.w3.org/TR/png-3/"""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    palette: bytes
    transparency: bytes | None
    compressed: bytes

    def row_bytes(self, width: int) -> int:
        return (width * self.depth * CHANNELS[self.colour] + 7) // 8

    def passes(self) -> list[tuple[int, int, int, int, int, int]]:
        """First column, first row, steps, and the pass's own width and height; an empty one is left out."""
        steps = ADAM7 if self.interlaced else ((0, 0, 1, 1),)
        sized = [(*s, (self.width - s[0] + s[2] - 1) // s[2], (self.height - s[1] + s[3] - 1) // s[3]) for s in steps]
        return [each for each in sized if each[4] > 0 and each[5] > 0]


def _parsed_png(data: bytes) -> Png:
    header, palette, transparency, pixels = None, b"", None, []
    for kind, content in _chunks(data):
        if (header is None) != (kind == b"IHDR") or (kind == b"IHDR" and len(content) != 13):
            raise Unreadable("PNG without header, or with two")
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", content)
        elif kind == b"PLTE":
            palette = content
        elif kind == b"tRNS":
            transparency = content
        elif kind == b"IDAT":
            pixels.append(content)
        elif kind[0] & 0x20 == 0 and kind != b"IEND":
            raise Unreadable("PNG with an unknown critical chunk")
    if header is None:
        raise Unreadable("PNG without header")
    width, height, depth, colour, compression, filtering, interlace = header
    if depth not in DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise Unreadable("PNG of an unknown kind")
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
        raise Unreadable(f"PNG of {width} x {height} pixels")
    if colour == PALETTE and (not palette or len(palette) % 3 or len(palette) > 768):
        raise Unreadable("PNG without a valid palette")
    needed = {GREY: 2, RGB: 6}.get(colour, 0)
    if transparency is not None and len(transparency) < needed:
        raise Unreadable("PNG with a damaged tRNS chunk")
    return Png(width, height, depth, colour, interlace == 1, palette, transparency, b"".join(pixels))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(data[at + 4 : end]) != struct.unpack(">I", data[end : end + 4])[0]:
            raise Unreadable(f"PNG with a damaged chunk {kind!r}")
        yield kind, data[at + 8 : end]
        if kind == b"IEND":
            return
        at = end + 4
    raise Unreadable("truncated PNG")


def _raw_rows(png: Png) -> bytes:
    """All passes' filtered rows; never more bytes than the header calls for are decompressed."""
    expected = sum((1 + png.row_bytes(width)) * height for _, _, _, _, width, height in png.passes())
    if expected > MAX_RAW_BYTES:
        raise Unreadable(f"PNG of {png.width} x {png.height} pixels is too large")
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(png.compressed, expected + 1)
    except zlib.error as error:
        raise Unreadable(f"damaged PNG: {error}") from error
    if len(raw) != expected or not stream.eof:
        raise Unreadable("PNG with more or fewer rows than its header says")
    return raw


def _bands(png: Png, raw: bytes) -> list[list[Row]]:
    """Runs of neighbouring rows: one of all rows where the bound allows it."""
    width = png.passes()[-1][4]
    rows = _rows_of_passes(png, raw)
    if max(len(raw), png.width * png.height) > MAX_SAMPLED_BYTES:
        # interlaced: the last pass has every other row, whole
        return [_decoded(png, width, band) for band in _sampled(rows[-1], max(len(rows[-1][0]), width))]
    return [_woven(png, rows) if png.interlaced else _decoded(png, width, rows[0])]


def _rows_of_passes(png: Png, raw: bytes) -> list[list[bytes]]:
    """Each pass's rows as they were compressed: the filter's number, then the filtered bytes."""
    found, start = [], 0
    for *_, width, height in png.passes():
        stride = 1 + png.row_bytes(width)
        end = start + stride * height
        found.append([raw[at : at + stride] for at in range(start, end, stride)])
        start = end
    return found


def _woven(png: Png, rows: list[list[bytes]]) -> list[Row]:
    """An interlaced picture's rows from those of its passes."""
    whole = [tuple(bytearray(png.width) for _ in range(3)) for _ in range(png.height)]
    for (column, row, across, down, width, _), part in zip(png.passes(), rows):
        for target, decoded in zip(whole[row::down], _decoded(png, width, part)):
            for plane, samples in zip(target, decoded):
                plane[column::across] = samples
    return [Row(*map(bytes, planes)) for planes in whole]


def _sampled(rows: Sequence[bytes], cost: int) -> list[Sequence[bytes]]:
    """Bands of raw rows spread over the picture, together within the bound, each as near its share's middle as may be.

    A row can be decoded without the one above only if its filter is None or Sub, or it is the first.
    """
    bands = max(1, min(BANDS, MAX_SAMPLED_BYTES // (3 * cost)))
    length = max(1, MAX_SAMPLED_BYTES // (bands * cost))
    starts = []
    for band in range(bands):
        first, last = len(rows) * band // bands, len(rows) * (band + 1) // bands
        middle = max(first, (first + last - length) // 2)
        entries = [at for at in range(first, last) if at == 0 or rows[at][0] < 2]
        if entries:
            starts.append((min(entries, key=lambda at: abs(at - middle)), last))
    length = max(1, MAX_SAMPLED_BYTES // (len(starts) * cost))
    return [rows[start : min(start + length, last)] for start, last in starts]


def _decoded(png: Png, width: int, rows: Sequence[bytes]) -> list[Row]:
    step = max(1, png.depth * CHANNELS[png.colour] // 8)
    previous = bytes(png.row_bytes(width))
    decoded = []
    for row in rows:
        previous = _unfiltered(row[0], row[1:], previous, step)
        decoded.append(_row_rgb(png, width, previous))
    return decoded


def _unfiltered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    """One row's bytes; `step` is the distance of a byte to its like in the pixel on the left."""
    if kind == 0:
        return row
    if kind == 2:
        return bytes([(x + b) & 255 for x, b in zip(row, above)])
    if kind > 4:
        raise Unreadable("damaged PNG: unknown filter")
    whole = bytearray(len(row))
    for byte in range(step):
        whole[byte::step] = _FILTERS[kind](row[byte::step], above[byte::step])
    return bytes(whole)


def _sub(row: bytes, _above: bytes) -> bytes:
    return bytes([total & 255 for total in accumulate(row)])


def _average(row: bytes, above: bytes) -> bytes:
    left, out = 0, []
    for x, b in zip(row, above):
        left = (x + (left + b >> 1)) & 255
        out.append(left)
    return bytes(out)


def _paeth(row: bytes, above: bytes) -> bytes:
    left, corner, out = 0, 0, []
    for x, b in zip(row, above):
        to_left, to_above = b - corner, left - corner
        to_corner = abs(to_left + to_above)
        to_left, to_above = abs(to_left), abs(to_above)
        if to_left > to_above or to_left > to_corner:
            left = b if to_above <= to_corner else corner
        left = (x + left) & 255
        corner = b
        out.append(left)
    return bytes(out)


_FILTERS = {1: _sub, 3: _average, 4: _paeth}


def _row_rgb(png: Png, width: int, row: bytes) -> Row:
    """A row's 8-bit red, green and blue, over white where it is transparent."""
    samples = CHANNELS[png.colour]
    if png.depth < 8:
        row = b"".join(map(UNPACKED[png.depth].__getitem__, row))[:width]
    if png.colour == PALETTE:
        red, green, blue = (row.translate(png.palette[c::3].ljust(256, b"\0")) for c in range(3))
        alpha = None if png.transparency is None else row.translate(png.transparency[:256].ljust(256, b"\xff"))
        return _over_white(Row(red, green, blue), alpha)
    alpha = None
    if png.transparency is not None and png.colour in (GREY, RGB):
        size = samples * max(1, png.depth // 8)
        key = png.transparency[: samples * 2]
        key = key if png.depth == 16 else key[1::2]
        alpha = bytes([0 if row[at : at + size] == key else 255 for at in range(0, len(row), size)])
    if png.depth == 16:
        row = row[::2]  # the high bytes
    elif png.depth < 8:
        row = row.translate(SCALED[png.depth])
    if samples in (2, 4):
        alpha = row[samples - 1 :: samples]
    red, green, blue = (row[c if samples > 2 else 0 :: samples] for c in range(3))
    return _over_white(Row(red, green, blue), alpha)


def _over_white(colours: Row, alpha: bytes | None) -> Row:
    if alpha is None or min(alpha) == 255:
        return colours
    red, green, blue = (
        bytes([255 - ((255 - c) * a + 127) // 255 for c, a in zip(colour, alpha)]) for colour in colours
    )
    return Row(red, green, blue)


def _figures(bands: list[list[Row]]) -> dict[str, Any]:
    """The figures of colour over all pixels of the bands, each band's rows being neighbours."""
    red, green, blue = (b"".join(row[c] for band in bands for row in band) for c in range(3))
    count = len(red)
    lumas = [[_luma(*row) for row in band] for band in bands]
    flat = [value for band in lumas for row in band for value in row]
    mean = sum(flat) / count
    variance = sum([value * value for value in flat]) / count - mean * mean
    spread = zip(map(max, red, green, blue), map(min, red, green, blue))
    differences = [value for band in lumas for value in _neighbour_differences(band)]
    return {
        "brightness": round(mean / 255_000, DIGITS),
        "contrast": round(math.sqrt(max(0.0, variance)) / 255_000, DIGITS),
        "saturation": round(sum([(high - low) / high for high, low in spread if high]) / count, DIGITS),
        "sharpness": round(sum(differences) / len(differences) / 1_020_000, DIGITS) if differences else None,
        "warmth": round((sum(red) - sum(blue)) / count / 255, DIGITS),
    }


def _luma(red: bytes, green: bytes, blue: bytes) -> list[int]:
    """In thousandths of a level, so that sums are exact."""
    return [299 * r + 587 * g + 114 * b for r, g, b in zip(red, green, blue)]


def _neighbour_differences(rows: list[list[int]]) -> Iterator[int]:
    """Of each pixel that has all four neighbours: |4 x its luma - theirs|."""
    for above, row, below in zip(rows, rows[1:], rows[2:]):
        crossed = zip(row[1:], above[1:], below[1:], row, row[2:])
        yield from [abs(4 * centre - up - down - left - right) for centre, up, down, left, right in crossed]
