"""`lambda_handler`: {"inferences": [p_bicycle, p_motorcycle]} → {"label", "confidence", ...} or ThresholdNotMet."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

import settings
from contracts import ClassifiedImage, ConfidentImage
from events import execution_of, read, unwrap
from filter_low_confidence.decision import ThresholdNotMet, decide

logger = Logger()
tracer = Tracer(patch_modules=("botocore",))
metrics = Metrics(namespace=settings.METRICS_NAMESPACE)


@logger.inject_lambda_context(correlation_id_path="execution.id", clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """The event's threshold goes before the environment's.

    Raises EventNotUnderstood, SettingInvalid and ThresholdNotMet.
    """
    image = read(unwrap(event), ClassifiedImage)
    logger.append_keys(s3_bucket=image.s3_bucket, s3_key=image.s3_key)
    threshold = settings.threshold() if image.threshold is None else image.threshold
    # doubts of this state machine are taken off its failures by an alarm; another one's must not be
    metrics.add_dimension("state_machine", execution_of(event).state_machine or "none")
    metrics.add_metric("Confidence", MetricUnit.NoUnit, max(image.inferences))
    try:
        decision = decide(image.inferences, threshold)
    except ThresholdNotMet as doubt:
        metrics.add_metric("LowConfidence", MetricUnit.Count, 1)
        logger.warning("not sure enough", label=doubt.label, confidence=doubt.confidence, threshold=threshold)
        raise
    metrics.add_metric("LowConfidence", MetricUnit.Count, 0)
    logger.info("sure enough", label=decision.label, confidence=decision.confidence, threshold=threshold)
    return ConfidentImage(
        s3_bucket=image.s3_bucket,
        s3_key=image.s3_key,
        inferences=image.inferences,
        inference_id=image.inference_id,
        label=decision.label,
        confidence=decision.confidence,
        threshold=threshold,
    ).model_dump()
