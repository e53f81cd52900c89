"""The record preprocessor's time for one captured record, by the picture's kind and size.

The bar is for what the endpoint is made for, PNG of 32 x 32 pixels, filtered as Pillow does. The time of a larger
picture is bounded by a bound on decoded rows: what remains is decompression, and base64. Pictures are drawn with noise
laid over them, as a photograph has it. Time is the process's own on the CPU, and the quickest of several rounds counts,
for what else the machine does can only add.
"""

from __future__ import annotations

import base64
import io
import sys
import time
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.drift_traffic import METADATA
from benchmarks.figure import Figure, Promise, Spread
from benchmarks.result_file import write_result
from model_monitor.capture import CaptureRecord, Payload
from model_monitor.record_preprocessor import preprocess_handler

RECORD = Promise("a picture of 32 x 32 through the record preprocessor, CPU time", "milliseconds", "at most", 3.0)
PROMISES = (RECORD,)
ROUNDS = 15
# Name, width, height, format, records a round
PICTURES = (
    ("PNG 32 x 32", 32, 32, "PNG", 20),
    ("JPEG 32 x 32", 32, 32, "JPEG", 50),
    ("PNG 64 x 64", 64, 64, "PNG", 20),
    ("PNG 224 x 224", 224, 224, "PNG", 3),
    ("PNG 1000 x 1000", 1000, 1000, "PNG", 1),
    ("PNG 1600 x 1200", 1600, 1200, "PNG", 1),
    ("JPEG 4000 x 3000", 4000, 3000, "JPEG", 3),
)


def run() -> tuple[dict[str, Any], Figure]:
    """CPU milliseconds a record for each kind of picture. Raises RuntimeError if one could not be read."""
    measured = [_measured(*picture) for picture in PICTURES]
    of_the_bar = measured[0]["rounds"]
    return {"pictures": measured}, RECORD.found(min(of_the_bar), Spread.of(of_the_bar))


def _measured(name: str, width: int, height: int, form: str, records: int) -> dict[str, Any]:
    body = _picture(width, height, form)
    given = Payload(f"image/{form.lower()}", "BASE64", base64.b64encode(body).decode())
    record = CaptureRecord(given, Payload("application/json", "JSON", "[0.9388, 0.0612]"), METADATA)
    if preprocess_handler(record)["readable"] != 1:
        raise RuntimeError(f"{name} was not read")
    rounds = [round(_seconds(record, records) * 1000, 3) for _ in range(ROUNDS)]
    return {"name": name, "bytes": len(body), "milliseconds": min(rounds), "rounds": rounds}


def _picture(width: int, height: int, form: str) -> bytes:
    rng = np.random.default_rng(7)
    small = Image.fromarray(rng.integers(30, 226, (8, 8, 3), dtype=np.uint8)).resize((width, height))
    pixels = np.asarray(small, dtype=np.int16) + rng.integers(-8, 9, (height, width, 3), dtype=np.int16)
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, form)
    return file.getvalue()


def _seconds(record: CaptureRecord, records: int) -> float:
    started = time.process_time()
    for _ in range(records):
        preprocess_handler(record)
    return (time.process_time() - started) / records


def main() -> int:
    result, figure = run()
    print(f"{'picture':<20}{'bytes':>12}{'CPU ms a record':>17}")
    for each in result["pictures"]:
        print(f"{each['name']:<20}{each['bytes']:>12,}{each['milliseconds']:>17.2f}")
    print(f"bar {RECORD.bar} ms for {PICTURES[0][0]}: {'passed' if figure.passed else 'FAILED'}")
    write_result("record_preprocessor", result, [figure])
    return 0 if figure.passed else 1


if __name__ == "__main__":
    sys.exit(main())
