"""What lies in S3 in folders of hours: captured data, ground truth, and what was merged of both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from local_aws.objects import ObjectNotFound, ObjectStore, S3Uri
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.records import ENDPOINT
from local_aws.sagemaker.monitoring.windows import Window
from local_aws.sagemaker.store import RecordNotFound

LENGTH_OF_HOUR = len("yyyy/mm/dd/hh")
IN_HOUR = re.compile(r"((?:[^/]+/)?[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{2})/.")
SIDES = {"Input": "endpointInput", "Output": "endpointOutput"}


class NothingCaptured(Exception):
    """The endpoint cannot be monitored; the message says why."""


@dataclass(frozen=True)
class CaptureSource:
    """Where an endpoint's captured data lies, and which sides of an invocation are in it."""

    folder: S3Uri
    index_names: tuple[str, ...]


@dataclass(frozen=True)
class HourFolder:
    """A folder with objects: `path` is its place below the folder searched, as "AllTraffic/2026/01/31/23"."""

    uri: S3Uri
    path: str


def capture_source(context: Context, endpoint_name: str) -> CaptureSource:
    """What the endpoint's DataCaptureConfig says. Raises NothingCaptured."""
    try:
        body = context.store.get(ENDPOINT, endpoint_name).body
    except RecordNotFound as error:
        arn = context.arn(f"endpoint/{endpoint_name}")
        raise NothingCaptured(f'Could not find endpoint "{arn}".') from error
    capture = body.get("Capture") or body["Config"].get("DataCaptureConfig") or {}
    if not capture.get("EnableCapture", bool(capture)):
        raise NothingCaptured(
            f"Data capture is not enabled for the endpoint {endpoint_name}: a monitoring schedule needs it."
        )
    destination = S3Uri.parse(capture["DestinationS3Uri"])
    modes = [option["CaptureMode"] for option in capture["CaptureOptions"]]
    names = [name for mode, name in SIDES.items() if mode in modes or "InputAndOutput" in modes]
    return CaptureSource(below(destination, endpoint_name), tuple(names))


def hour_folders(objects: ObjectStore, folder: S3Uri, window: Window) -> list[HourFolder]:
    """The folders of the window's hours below `folder` that have objects, in order, those of variants one by one.

    They may lie directly in it or one level deeper. Raises ObjectNotFound where the bucket is not there.
    """
    wanted = set(window.hours())
    found = {path for path in _folders(objects, folder) if path[-LENGTH_OF_HOUR:] in wanted}
    return [HourFolder(below(folder, path), path) for path in sorted(found)]


def hour_folders_or_none(objects: ObjectStore, folder: S3Uri, window: Window) -> list[HourFolder]:
    """As `hour_folders`, none where the bucket is not there."""
    try:
        return hour_folders(objects, folder, window)
    except ObjectNotFound:
        return []


def below(folder: S3Uri, path: str) -> S3Uri:
    """A place below a folder, which may end with "/" or not."""
    prefix = folder.key.rstrip("/")
    return S3Uri(folder.bucket, f"{prefix}/{path}" if prefix else path)


def _folders(objects: ObjectStore, folder: S3Uri) -> Iterator[str]:
    prefix = below(folder, "").key
    for key in objects.keys(folder.bucket, prefix):
        if match := IN_HOUR.match(key[len(prefix) :]):
            yield match[1]
