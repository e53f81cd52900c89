"""A line of a capture file, and one of ground truth: what the join needs of them.

Format: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .lines import NOT_A_RECORD, Damage, Line
from .records import ENCODINGS, NotARecord, decode, parse


@dataclass(frozen=True)
class GroundTruth:
    """The answer for the inference of this id."""

    event_id: str
    data: str
    encoding: str


def join_id(line: Line, damage: Damage) -> str | None:
    """By what a captured record is joined: its inferenceId if it has one, else its eventId.

    None for a line that is no captured record, which is then counted in `damage`.
    """
    document = decode(line, damage)
    if document is None:
        return None
    try:
        record = parse(document, line.where)
        if record.ground_truth is not None:
            raise NotARecord("it has groundTruthData already")
        if not line.content.lstrip().startswith(b"{"):
            raise NotARecord("there is a byte order mark before it")
        found = record.event_metadata.inference_id or record.event_metadata.event_id
        if not found:
            raise NotARecord("eventMetadata has neither inferenceId nor eventId")
    except NotARecord as error:
        damage.note(NOT_A_RECORD, line.where, str(error))
        return None
    return found


def ground_truth(line: Line, damage: Damage) -> GroundTruth | None:
    """A record of ground truth; None for a line that is none, which is then counted in `damage`."""
    document = decode(line, damage)
    if document is None:
        return None
    try:
        return _ground_truth(document)
    except NotARecord as error:
        damage.note(NOT_A_RECORD, line.where, str(error))
        return None


def merged(line: Line, truth: GroundTruth) -> bytes:
    """The captured line with the ground truth as its first member; the rest stays byte for byte as it was."""
    answer = json.dumps({"data": truth.data, "encoding": truth.encoding}, separators=(",", ":"))
    return b'{"groundTruthData":%b,%b\n' % (answer.encode(), line.content.strip()[1:])


def _ground_truth(document: Any) -> GroundTruth:
    answer, metadata = (
        document.get(name) if isinstance(document, dict) else None for name in ("groundTruthData", "eventMetadata")
    )
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), str):
        raise NotARecord("groundTruthData.data is missing or no text")
    if answer.get("encoding") not in ENCODINGS:
        raise NotARecord(f"groundTruthData.encoding is {answer.get('encoding')!r}, not one of {', '.join(ENCODINGS)}")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("eventId"), str) or not metadata["eventId"]:
        raise NotARecord("eventMetadata.eventId is missing or no text")
    return GroundTruth(metadata["eventId"], answer["data"].strip(), answer["encoding"])
