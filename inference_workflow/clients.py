"""The functions' AWS clients: each is made once, when it is first asked for, and kept as long as the process.

Making one takes as long as importing boto3 does. ClassifyImage needs S3 only for images that travel by reference.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config


@cache
def s3() -> Any:
    """S3, with botocore's own three attempts."""
    return boto3.client("s3", config=Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard"}))


@cache
def sagemaker_runtime() -> Any:
    """The endpoints' data plane, one attempt a call: classify_image.endpoint decides what is tried again, and when."""
    config = Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 1})
    return boto3.client("sagemaker-runtime", config=config)
