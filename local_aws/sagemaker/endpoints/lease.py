"""What a request gets from an endpoint: one instance, for as long as the request lasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.jobs.model_server import ModelServer


@dataclass(frozen=True)
class Lease:
    """The instance that answers a request, and what the endpoint's configuration says of it.

    `instance_count` is how many instances serve this variant now. `data_capture` is the DataCaptureConfig as it was
    requested, None where nothing is captured.
    """

    endpoint_name: str
    endpoint_config_name: str
    variant_name: str
    instance_count: int
    model_server: ModelServer
    data_capture: Mapping[str, Any] | None
    serverless: bool
