"""The captured records of the window, gone through once: figures, the strangest pictures, what could not be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from model_monitor.capture import Captured, CaptureRecord, DamagedLine
from model_monitor.record_preprocessor import preprocess_handler
from model_monitor.report.observed import READABLE, Columns, Observed
from model_monitor.report.strange import Gallery, Limits, Strangest

PROGRESS_EVERY = 500
SIDES = {"endpoint_input": "request", "endpoint_output": "answer"}
MOST_KINDS, OTHER = 12, "other"


@dataclass(frozen=True)
class Reading:
    """`unreadable` counts records whose request or answer was not understood, `unreadable_kinds` the reasons (a record
    may have two). `outside` are records of other times in the same files; `damaged` counts lines by kind."""

    observed: Observed
    gallery: Gallery
    files: int
    outside: int
    damaged: Mapping[str, int]
    first_damaged: tuple[DamagedLine, ...]
    unreadable: int
    unreadable_kinds: Mapping[str, int]

    @property
    def records(self) -> int:
        return len(self.observed)


class _Reasons:
    """The preprocessor's logger: counts why records could not be read."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()

    def info(self, message: str) -> None:
        kind = reason_kind(message)
        self.kinds[kind if kind in self.kinds or len(self.kinds) < MOST_KINDS else OTHER] += 1


def reason_kind(message: str) -> str:
    """A reason without what is one record's own: `request: neither PNG nor JPEG`, `request: PNG of … x … pixels`."""
    side, _, reason = message.partition(": ")
    general = re.sub(r"\d+", "…", re.sub(r"\s*b['\"].*", "", reason.partition(": ")[0]))
    return f"{SIDES.get(side, side)}: {general[:80]}"


def read(
    captured: Captured, limits: Mapping[str, Limits], on_records: Callable[[int], None] = lambda count: None
) -> Reading:
    """`on_records` is told now and then how many were read. Raises CaptureMissing."""
    columns, strangest, reasons = Columns(), Strangest(limits), _Reasons()
    unreadable = count = 0
    for count, record in enumerate(captured, start=1):
        row = preprocess_handler(record, reasons)
        moment = record.event_metadata.inference_time
        columns.add(moment, row)
        unreadable += row[READABLE] == 0
        strangest.consider(row, moment, record.id, lambda record=record: _body(record))  # type: ignore[misc]
        if count % PROGRESS_EVERY == 0:
            on_records(count)
    on_records(count)
    found = captured.found
    return Reading(
        observed=columns.observed(),
        gallery=strangest.gallery(),
        files=found.files,
        outside=found.outside,
        damaged=dict(found.damaged),
        first_damaged=tuple(found.first_damaged),
        unreadable=unreadable,
        unreadable_kinds=dict(reasons.kinds.most_common()),
    )


def _body(record: CaptureRecord) -> bytes | None:
    try:
        return None if record.endpoint_input is None else record.endpoint_input.body()
    except ValueError:
        return None
