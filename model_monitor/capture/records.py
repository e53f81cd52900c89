"""One captured invocation, typed, from its line of JSON.

The form is the guide's: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

ENCODINGS = ("CSV", "JSON", "BASE64")


class LineDamaged(ValueError):
    """A line that is no record: `kind` groups such lines, the message says what was found."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Payload:
    """What one side sent: `data` is text as captured, base64 where `encoding` is BASE64."""

    observed_content_type: str
    encoding: str
    data: str

    def body(self) -> bytes:
        """The bytes as they were sent. Raises ValueError for damaged base64."""
        if self.encoding == "BASE64":
            return base64.b64decode(self.data, validate=True)
        return self.data.encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class EventMetadata:
    """When (UTC) and under which ids the invocation was captured."""

    event_id: str
    inference_time: datetime
    inference_id: str | None = None
    custom_attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaptureRecord:
    """An invocation, with the names that a record preprocessor is given. A side that was not captured is None."""

    endpoint_input: Payload | None
    endpoint_output: Payload | None
    event_metadata: EventMetadata

    @property
    def id(self) -> str:
        """What ground truth is joined on: the inference id where the caller gave one, else the event id."""
        return self.event_metadata.inference_id or self.event_metadata.event_id


def parse_line(line: bytes) -> CaptureRecord:
    """Raises LineDamaged; its kinds are `empty`, `not text`, `not JSON` and `not a capture record`."""
    if not line.strip():
        raise LineDamaged("empty", "an empty line")
    try:
        document = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise LineDamaged("not text", f"no UTF-8 at byte {error.start} of {len(line)}") from None
    except (ValueError, RecursionError) as error:
        raise LineDamaged("not JSON", f"{str(error)[:120]}; {len(line)} bytes") from None
    try:
        data = document["captureData"]
        given, answered = (_payload(data.get(side)) for side in ("endpointInput", "endpointOutput"))
        if given is None and answered is None:
            raise ValueError("captureData has neither endpointInput nor endpointOutput")
        return CaptureRecord(given, answered, _metadata(document["eventMetadata"]))
    except KeyError as error:
        raise LineDamaged("not a capture record", f"without {error}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise LineDamaged("not a capture record", str(error)[:120]) from None


def _payload(side: Mapping[str, Any] | None) -> Payload | None:
    if side is None:
        return None
    encoding, data = side["encoding"], side["data"]
    if encoding not in ENCODINGS:
        raise ValueError(f"encoding {encoding!r} is none of {', '.join(ENCODINGS)}")
    # the service writes JSON as text; where somebody put the value itself, that text is the same
    return Payload(
        str(side.get("observedContentType") or ""), encoding, data if isinstance(data, str) else json.dumps(data)
    )


def _metadata(metadata: Mapping[str, Any]) -> EventMetadata:
    event_id, inference_id = metadata["eventId"], metadata.get("inferenceId")
    if not isinstance(event_id, str) or not event_id or not isinstance(inference_id, str | None):
        raise ValueError("eventId or inferenceId is no text")
    attributes = metadata.get("customAttributes") or ()
    return EventMetadata(
        event_id,
        _utc(metadata["inferenceTime"]),
        inference_id or None,
        tuple(str(each) for each in ([attributes] if isinstance(attributes, str) else attributes)),
    )


def _utc(text: str) -> datetime:
    """Python 3.10 reads neither `Z` nor a fraction of other than three or six digits."""
    whole, dot, rest = text.replace("Z", "+00:00").partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    moment = datetime.fromisoformat(whole + (f".{rest[:digits][:6]:0<6}{rest[digits:]}" if dot else ""))
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
