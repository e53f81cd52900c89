"""Whether an endpoint can be monitored: it is there, captures both sides, and classifies our pictures. boto3 only."""

from __future__ import annotations

from typing import Any

from pipelines.live_endpoint import LiveEndpoint, describe_endpoint
from pipelines.names import CLASSES
from pipelines.registry import classes_of

BOTH_SIDES = {"Input", "Output"}


class NotMonitorable(ValueError):
    """An endpoint whose captured data this monitor cannot use; the message says why."""


def watched_endpoint(sagemaker: Any, name: str) -> LiveEndpoint:
    """The endpoint. Raises EndpointMissing, NotMonitorable, ClassesUnknown."""
    live = describe_endpoint(sagemaker, name)
    if live.package_arn is None:
        raise NotMonitorable(f"endpoint {name} serves no model package, so there is no baseline for it")
    classes = classes_of(sagemaker, live.package_arn)
    if classes != CLASSES:
        raise NotMonitorable(
            f"endpoint {name} answers with {' '.join(classes)}, and this monitor reads answers of {' '.join(CLASSES)}"
        )
    if live.capture_uri is None:
        raise NotMonitorable(f"endpoint {name} captures no data: deploy it on instances with CapturePercentage above 0")
    capture = sagemaker.describe_endpoint_config(EndpointConfigName=live.config_name)["DataCaptureConfig"]
    missing = BOTH_SIDES - {option["CaptureMode"] for option in capture["CaptureOptions"]}
    if missing:
        raise NotMonitorable(f"endpoint {name} does not capture its {' and '.join(sorted(missing)).lower()}")
    return live
