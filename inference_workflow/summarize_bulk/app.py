"""`lambda_handler`: the Distributed Map's output → contracts.BulkSummary, also written as summary.json beside it."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

import clients
import settings
from contracts import BulkResults, BulkSummary
from events import read, unwrap
from image_store import StorageUnavailable
from summarize_bulk.summary import Counts, ResultsNotUnderstood, result_files

logger = Logger()
tracer = Tracer(patch_modules=("botocore",))
metrics = Metrics(namespace=settings.METRICS_NAMESPACE)


@logger.inject_lambda_context(correlation_id_path="execution.id", clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Raises EventNotUnderstood, ResultsNotUnderstood and StorageUnavailable."""
    results = read(unwrap(event), BulkResults)
    try:
        summary = _summarize(results)
    except (BotoCoreError, ClientError) as error:
        raise StorageUnavailable(f"s3://{results.details.bucket}/{results.details.key}: {error}") from error
    metrics.add_metric("BulkImages", MetricUnit.Count, summary.images)
    metrics.add_metric("BulkFailures", MetricUnit.Count, sum(summary.failed.values()))
    logger.info("bulk summarised", summary=summary.summary, images=summary.images)
    return summary.model_dump()


def _summarize(results: BulkResults) -> BulkSummary:
    bucket, manifest_key = results.details.bucket, results.details.key
    counts = Counts()
    # one result file at a time: they are the large ones
    for status, key in result_files(_load(bucket, manifest_key)):
        counts.add(status, _load(bucket, key))
    summary_key = manifest_key.rpartition("/")[0] + "/summary.json"
    summary = BulkSummary(
        map_run=results.map_run_arn,
        manifest=f"s3://{bucket}/{manifest_key}",
        summary=f"s3://{bucket}/{summary_key}",
        images=counts.total,
        assigned={name: counts.assignments[name] for name in ("nearby", "farther")},
        review=counts.assignments["review"],
        skipped=counts.assignments["none"],
        failed=dict(counts.failures),
        not_run=counts.not_run,
    )
    body = summary.model_dump_json(indent=2).encode()
    clients.s3().put_object(Bucket=bucket, Key=summary_key, Body=body, ContentType="application/json")
    return summary


def _load(bucket: str, key: str) -> Any:
    body = clients.s3().get_object(Bucket=bucket, Key=key)["Body"]
    try:
        return json.load(body)
    except ValueError as error:
        raise ResultsNotUnderstood(f"s3://{bucket}/{key}: not JSON: {error}") from None
