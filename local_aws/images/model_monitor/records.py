"""Captured records, read one at a time: what an endpoint was asked and what it answered.

A record preprocessor gets these very objects, so their attributes are those that the service promises:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-and-post-processing.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .lines import BINARY, EMPTY, NOT_A_RECORD, TRUNCATED, UNFINISHED, Block, Damage, Line, blocks_of

CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
ENCODINGS = ("CSV", "JSON", "BASE64")


@dataclass(frozen=True)
class Payload:
    """One side of a record; `data` is text in the encoding CSV, JSON or BASE64."""

    data: str
    encoding: str
    observed_content_type: str = ""
    mode: str = ""


@dataclass(frozen=True)
class EventMetadata:
    """When and under which identity the endpoint was asked."""

    event_id: str | None = None
    inference_id: str | None = None
    inference_time: str | None = None
    custom_attributes: list[str] = field(default_factory=list)

    @property
    def custom_attribute(self) -> list[str]:
        """The same, by the name that the guide's examples use."""
        return self.custom_attributes


@dataclass(frozen=True)
class CapturedRecord:
    """A line of data capture; with `ground_truth` where it is one that the ground-truth merger wrote."""

    endpoint_input: Payload | None
    endpoint_output: Payload | None
    event_metadata: EventMetadata
    event_version: str = "0"
    ground_truth: Payload | None = None
    where: str = ""


class NotARecord(ValueError):
    """A line holds JSON, but none that data capture writes."""


def read_records(source: Path, damage: Damage) -> Iterator[CapturedRecord]:
    """All captured (or merged) records below the folder, in order of the files' names.

    Lines that are none are counted in `damage` and left out. One record at a time is in memory.
    """
    for block in blocks_of(source, damage):
        yield from records_of(block, damage)


def records_of(block: Block, damage: Damage) -> Iterator[CapturedRecord]:
    """The same for the lines of one block."""
    for line in block.lines():
        document = decode(line, damage)
        if document is None:
            continue
        try:
            yield parse(document, line.where)
        except NotARecord as error:
            damage.note(NOT_A_RECORD, line.where, str(error))


def decode(line: Line, damage: Damage) -> Any:
    """The JSON value of a line, or None, which is then counted in `damage`."""
    if not line.content.strip():
        damage.note(EMPTY, line.where)
        return None
    try:
        value = json.loads(line.content)
    except UnicodeDecodeError:
        damage.note(BINARY if line.finished else UNFINISHED, line.where)
    except (ValueError, RecursionError) as error:
        damage.note(_kind_of_no_json(line), line.where, str(error))
    else:
        if value is not None:
            return value
        damage.note(NOT_A_RECORD, line.where, "null")
    return None


def _kind_of_no_json(line: Line) -> str:
    if not line.finished:
        return UNFINISHED
    return BINARY if CONTROL.search(line.content) else TRUNCATED


def parse(document: Any, where: str = "") -> CapturedRecord:
    """A record from its JSON value. Raises NotARecord, which says what is missing or of the wrong type."""
    captured = _member(document, "captureData", dict, "the record")
    metadata = _member(document, "eventMetadata", dict, "the record")
    record = CapturedRecord(
        endpoint_input=_payload(captured, "endpointInput"),
        endpoint_output=_payload(captured, "endpointOutput"),
        event_metadata=EventMetadata(
            event_id=_text(metadata.get("eventId")),
            inference_id=_text(metadata.get("inferenceId")),
            inference_time=_text(metadata.get("inferenceTime")),
            custom_attributes=_texts(metadata.get("customAttributes")),
        ),
        event_version=str(document.get("eventVersion", "0")),
        ground_truth=_payload(document, "groundTruthData"),
        where=where,
    )
    if record.endpoint_input is None and record.endpoint_output is None:
        raise NotARecord("captureData has neither endpointInput nor endpointOutput")
    return record


def _payload(parent: dict[str, Any], name: str) -> Payload | None:
    if parent.get(name) is None:
        return None
    member = _member(parent, name, dict, "the record")
    encoding = _member(member, "encoding", str, name)
    if encoding not in ENCODINGS:
        raise NotARecord(f"{name}.encoding is {encoding!r}, not one of {', '.join(ENCODINGS)}")
    return Payload(
        data=_member(member, "data", str, name),
        encoding=encoding,
        observed_content_type=_text(member.get("observedContentType")) or "",
        mode=_text(member.get("mode")) or "",
    )


def _member(parent: Any, name: str, kind: type, where: str) -> Any:
    value = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(value, kind):
        raise NotARecord(f"{where} has no {name}" if value is None else f"{name} is no {kind.__name__}")
    return value


def _text(value: Any) -> str | None:
    """What does not matter for the figures is taken as it is, rather than the record lost."""
    return value if value is None or isinstance(value, str) else str(value)


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
