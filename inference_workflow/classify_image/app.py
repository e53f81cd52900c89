"""`lambda_handler`: {"image_data", "s3_bucket", "s3_key"} → {"inferences": [p_bicycle, p_motorcycle], ...}."""

from __future__ import annotations

import time
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

import clients
import settings
from classify_image.answer import read_answer
from classify_image.endpoint import invoke
from classify_image.image import image_of
from classify_image.inference_id import inference_id
from contracts import ClassifiedImage, SerializedImage
from events import execution_of, read, unwrap

logger = Logger()
tracer = Tracer(patch_modules=("botocore",))
metrics = Metrics(namespace=settings.METRICS_NAMESPACE)


@logger.inject_lambda_context(correlation_id_path="execution.id", clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Raises EventNotUnderstood, SettingInvalid, what image_of says of the image and what invoke says of the endpoint,
    and AnswerNotUnderstood.
    """
    serialized = read(unwrap(event), SerializedImage)
    logger.append_keys(s3_bucket=serialized.s3_bucket, s3_key=serialized.s3_key)
    endpoint_name = settings.endpoint_name()
    image = image_of(serialized, clients.s3)
    execution = execution_of(event).id or context.aws_request_id
    request_id = inference_id(execution, serialized.s3_bucket, serialized.s3_key)
    runtime = clients.sagemaker_runtime()
    began = time.perf_counter()
    reply = invoke(runtime, endpoint_name, image.data, image.content_type, request_id)
    milliseconds = (time.perf_counter() - began) * 1000
    metrics.add_metric("EndpointLatency", MetricUnit.Milliseconds, milliseconds)
    metrics.add_metric("ThrottledAttempts", MetricUnit.Count, reply.attempts - 1)
    inferences = read_answer(reply.body)
    logger.info("image classified", inferences=inferences, inference_id=request_id, attempts=reply.attempts)
    return ClassifiedImage(
        s3_bucket=serialized.s3_bucket,
        s3_key=serialized.s3_key,
        inferences=inferences,
        inference_id=request_id,
        threshold=serialized.threshold,
    ).model_dump(exclude_none=True)
