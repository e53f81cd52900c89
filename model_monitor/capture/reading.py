"""Captured data as a whole: records in order of time, their features, and a DataFrame for notebooks."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_monitor.capture.files import CaptureFile, Window, folder_files, s3_files
from model_monitor.capture.lines import Found, read_file
from model_monitor.capture.records import CaptureRecord
from model_monitor.record_preprocessor import preprocess_handler

if TYPE_CHECKING:
    import pandas as pd

# Records are held back to be put in order until they are so many bytes; this and one line bound a reading's memory.
REORDERED_BYTES = 32 * 1024 * 1024
_OVERHEAD_BYTES = 2048  # of a record's objects, besides its payloads

Row = dict[str, Any]


class Captured:
    """Reads anew each time it is gone through; `found` tells of the latest reading."""

    def __init__(self, files: Callable[[], list[CaptureFile]], window: Window | None) -> None:
        self._files, self._window = files, window
        self.found = Found()

    def __iter__(self) -> Iterator[CaptureRecord]:
        """The window's records by inference time.

        Files come by the time in their names, and records may be out of order by as much as REORDERED_BYTES holds.
        """
        self.found = found = Found()
        files = self._files()
        return in_order(record for file in files for record in read_file(file, self._window, found))

    def features(self, handler: Callable[[Any], Any] = preprocess_handler) -> Iterator[tuple[CaptureRecord, Row]]:
        """Each record with its features; one for which `handler` answers nothing (`[]`) is left out."""
        for record in self:
            row = handler(record)
            if row:
                yield record, row

    def to_frame(self, payload: bool = False, handler: Callable[[Any], Any] = preprocess_handler) -> pd.DataFrame:
        """One row a record, sorted by time: inference_time, inference_id, event_id and the features.

        With `payload` also the columns `input` and `output`, the bytes as sent (None where not captured or damaged):
        then memory grows with the pictures.
        """
        import pandas as pd

        rows = []
        for record, features in self.features(handler):
            metadata = record.event_metadata
            row = {"inference_time": metadata.inference_time, "inference_id": metadata.inference_id}
            row |= {"event_id": metadata.event_id, **features}
            rows.append(row | ({"input": _body(record, "input"), "output": _body(record, "output")} if payload else {}))
        frame = pd.DataFrame(rows, columns=None if rows else ["inference_time", "inference_id", "event_id"])
        frame["inference_time"] = pd.to_datetime(frame["inference_time"], utc=True)
        return frame.sort_values("inference_time", kind="stable", ignore_index=True)


def read_capture(place: str | Path, window: Window | None = None, s3: Any = None) -> Captured:
    """What was captured under `place`: s3://BUCKET/PREFIX (with `s3`, a boto3 client) or a local folder.

    Nothing is read yet. Reading raises CaptureMissing where bucket or folder does not exist. Raises ValueError for an
    S3 URI without a client.
    """
    if isinstance(place, str) and place.startswith("s3:"):
        if s3 is None:
            raise ValueError(f"to read {place} give an S3 client: read_capture(…, s3=session.client('s3'))")
        return Captured(lambda: s3_files(s3, place, window), window)
    return Captured(lambda: folder_files(Path(place), window), window)


def in_order(records: Iterable[CaptureRecord]) -> Iterator[CaptureRecord]:
    """The records by time; those of the same time stay as they came."""
    held: list[tuple[Any, int, int, CaptureRecord]] = []
    held_bytes = 0
    for count, record in enumerate(records):
        size = _size(record)
        held_bytes += size
        heapq.heappush(held, (record.event_metadata.inference_time, count, size, record))
        while held_bytes > REORDERED_BYTES:
            _, _, size, earliest = heapq.heappop(held)
            held_bytes -= size
            yield earliest
    while held:
        yield heapq.heappop(held)[-1]


def _size(record: CaptureRecord) -> int:
    sides = (record.endpoint_input, record.endpoint_output)
    return _OVERHEAD_BYTES + sum(len(side.data) for side in sides if side is not None)


def _body(record: CaptureRecord, side: str) -> bytes | None:
    payload = getattr(record, f"endpoint_{side}")
    try:
        return None if payload is None else payload.body()
    except ValueError:
        return None
