"""What data capture writes about one invocation: a line of JSON in the form of the service's own records.

Types that the configuration declares as CSV or JSON are captured as text, all others as base64. Parameters of a
content type (`; charset=utf-8`) do not count for that, as in the records that the guide shows:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.objects import S3Uri
from local_aws.sagemaker.endpoints.runtime_request import Invocation
from local_aws.sagemaker.jobs.model_server import Answer

EVENT_VERSION = b"0"
INPUTS, OUTPUTS = ("Input", "InputAndOutput"), ("Output", "InputAndOutput")


@dataclass(frozen=True)
class CapturePlan:
    """A DataCaptureConfig, read."""

    destination: S3Uri
    sampling_percentage: float
    inputs: bool
    outputs: bool
    encodings: Mapping[str, str]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> CapturePlan:
        """`config` is as CreateEndpointConfig takes it. Raises ValueError for a destination that is no S3 URI."""
        modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
        declared = config.get("CaptureContentTypeHeader") or {}
        kinds = {"CsvContentTypes": "CSV", "JsonContentTypes": "JSON"}
        return cls(
            destination=S3Uri.parse(config["DestinationS3Uri"]),
            sampling_percentage=config["InitialSamplingPercentage"],
            inputs=not modes.isdisjoint(INPUTS),
            outputs=not modes.isdisjoint(OUTPUTS),
            encodings={kind.lower(): name for member, name in kinds.items() for kind in declared.get(member, ())},
        )


def record_line(plan: CapturePlan, invocation: Invocation, answer: Answer, moment: datetime) -> bytes:
    """The record of one invocation at `moment` (UTC), with its line's end."""
    captured = []
    if plan.inputs:
        payload = _payload(plan, "INPUT", invocation.content_type or "", invocation.body)
        captured.append(b'"endpointInput":' + payload)
    if plan.outputs:
        captured.append(b'"endpointOutput":' + _payload(plan, "OUTPUT", answer.content_type, answer.body))
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
    if invocation.custom_attributes is not None:
        metadata["customAttributes"] = [invocation.custom_attributes]
    if invocation.inference_id is not None:
        metadata["inferenceId"] = invocation.inference_id
    metadata["inferenceTime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    event = b'"eventMetadata":%b,"eventVersion":"%b"' % (_json(metadata), EVENT_VERSION)
    return b'{"captureData":{%b},%b}\n' % (b",".join(captured), event)


def _payload(plan: CapturePlan, mode: str, content_type: str, body: bytes) -> bytes:
    encoding = plan.encodings.get(content_type.split(";")[0].strip().lower(), "BASE64")
    try:
        # json would look at each character of the base64, which for a photograph takes longer than all else here
        data = b'"%b"' % base64.b64encode(body) if encoding == "BASE64" else _json(body.decode())
    except UnicodeDecodeError:
        # declared as text and is none: kept as it was rather than lost
        data, encoding = b'"%b"' % base64.b64encode(body), "BASE64"
    fields = (_json(content_type), mode.encode(), data, encoding.encode())
    return b'{"observedContentType":%b,"mode":"%b","data":%b,"encoding":"%b"}' % fields


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
