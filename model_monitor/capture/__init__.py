"""Captured invocations of an endpoint, read from S3 or a folder, one after another, whatever their number and size.

    captured = read_capture("s3://bucket/scones/captured/my-endpoint", Window(start, end), s3=session.client("s3"))
    for record in captured:                      # CaptureRecord, in order of inference time
        record.event_metadata.inference_time, record.id, record.endpoint_input.body()
    for record, row in captured.features():      # and the record preprocessor's row of it
        row["confidence"]
    frame = captured.to_frame()                  # a pandas DataFrame: inference_time, inference_id, event_id, features
    captured.found                               # files, records, damaged lines by kind and the first few of them

`read_capture` takes what DataCaptureConfig writes under `<DestinationS3Uri>/ENDPOINT[/VARIANT]/yyyy/mm/dd/hh/`, the
same tree in a local folder, and hand-made folders without hours.
"""

from model_monitor.capture.files import CaptureMissing, Window
from model_monitor.capture.lines import DamagedLine, Found
from model_monitor.capture.reading import Captured, read_capture
from model_monitor.capture.records import CaptureRecord, EventMetadata, Payload

__all__ = [
    "CaptureMissing",
    "CaptureRecord",
    "Captured",
    "DamagedLine",
    "EventMetadata",
    "Found",
    "Payload",
    "Window",
    "read_capture",
]
