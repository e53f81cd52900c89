"""`lambda_handler`: {"s3_bucket", "s3_key"} → {"image_data", "s3_bucket", "s3_key", "s3_etag"}."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

import clients
import settings
from image_store import fetch_image
from serialize_image_data.payload import INLINE_LIMIT_BYTES, serialized
from serialize_image_data.request import requested_image

logger = Logger()
tracer = Tracer(patch_modules=("botocore",))
metrics = Metrics(namespace=settings.METRICS_NAMESPACE)


@logger.inject_lambda_context(correlation_id_path="execution.id", clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Raises EventNotUnderstood, ImageNotFound, ImageNotReadable, ImageTooLarge, NotAnImage and StorageUnavailable."""
    request = requested_image(event)
    logger.append_keys(s3_bucket=request.s3_bucket, s3_key=request.s3_key)
    image = fetch_image(clients.s3(), request.s3_bucket, request.s3_key, take_in=INLINE_LIMIT_BYTES)
    by_reference = image.data is None
    metrics.add_metric("ImageSize", MetricUnit.Bytes, image.size)
    metrics.add_metric("ImagesByReference", MetricUnit.Count, int(by_reference))
    logger.info("image read", size=image.size, content_type=image.content_type, by_reference=by_reference)
    return serialized(request, image).model_dump(exclude_none=True)
