"""A test image and its answer as an endpoint's data capture hands them to a record preprocessor.

The attributes are those of https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-and-post-processing.html,
with what the service writes for this endpoint: pictures in BASE64, answers as JSON text.
"""

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Payload:
    """What was sent or answered; `data` is text in the encoding BASE64 or JSON."""

    data: str
    encoding: str
    observed_content_type: str
    mode: str


@dataclass(frozen=True)
class EventMetadata:
    """Which request it was: the name of the test image. It was made at no time."""

    event_id: str
    inference_id: str | None = None
    inference_time: str | None = None
    custom_attributes: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class CapturedRecord:
    """One request and its answer."""

    endpoint_input: Payload
    endpoint_output: Payload
    event_metadata: EventMetadata
    event_version: str = "0"


def captured(name: str, picture: bytes, answer: str) -> CapturedRecord:
    """The record of a PNG file's bytes and the text that the model's container answered with."""
    return CapturedRecord(
        Payload(base64.b64encode(picture).decode("ascii"), "BASE64", "image/png", "INPUT"),
        Payload(answer, "JSON", "application/json", "OUTPUT"),
        EventMetadata(event_id=name),
    )
