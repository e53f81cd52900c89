"""What DescribeEndpoint answers: the record, and how many instances there really are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.endpoints.records import INTERNAL
from local_aws.sagemaker.store import Record

if TYPE_CHECKING:
    from local_aws.sagemaker.endpoints.endpoints import Endpoints


def describe(context: Context, record: Record) -> dict[str, Any]:
    """The response for an endpoint's record."""
    body = record.body
    worker = cast("Endpoints", context.workers["endpoints"])
    counts = worker.counts(record.name)
    answer = {member: value for member, value in body.items() if member not in INTERNAL}
    pending = body.get("Pending", {})
    wanted = pending.get("Variants", body["Variants"]) if "Config" not in pending else body["Variants"]
    answer |= {
        "EndpointStatus": record.status,
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
        "ProductionVariants": [
            _variant(body["Models"], variant, body["Variants"], wanted, counts) | _stage(record, "Config" in pending)
            for variant in body["Config"]["ProductionVariants"]
        ],
    }
    capture = body.get("Capture") or body["Config"].get("DataCaptureConfig")
    if capture:
        answer["DataCaptureConfig"] = _capture(capture, record.status in ("InService", "Updating"))
    if "Config" in pending:
        answer["PendingDeploymentSummary"] = _pending(pending, worker.coming_counts(record.name))
    return answer


def _variant(
    models: Mapping[str, Any],
    variant: Mapping[str, Any],
    now: Mapping[str, Any],
    wanted: Mapping[str, Any],
    counts: Mapping[str, int],
) -> dict[str, Any]:
    name = variant["VariantName"]
    found = {
        "VariantName": name,
        "DeployedImages": _images(models[variant["ModelName"]]),
        "CurrentWeight": now[name]["Weight"],
        "DesiredWeight": wanted[name]["Weight"],
    }
    if serverless := variant.get("ServerlessConfig"):
        return {**found, "CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    return {**found, "CurrentInstanceCount": counts.get(name, 0), "DesiredInstanceCount": wanted[name]["Count"]}


def _stage(record: Record, is_replaced: bool) -> dict[str, Any]:
    """What is happening to the variants that serve; nothing, while others are made to replace them."""
    if record.status not in ("Creating", "Updating", "Deleting") or is_replaced:
        return {}
    return {"VariantStatus": [{"Status": record.status, "StartTime": record.modified}]}


def _images(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The images of a variant's model, which may have been deleted while it serves."""
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    found = [container["Image"] for container in containers if "Image" in container]
    return [
        {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": model["CreationTime"]} for image in found
    ]


def _capture(capture: Mapping[str, Any], serves: bool) -> dict[str, Any]:
    enabled = capture.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled and serves else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def _pending(pending: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    variants = pending["Variants"]
    stage = {"VariantStatus": [{"Status": "Baking" if counts else "Creating"}]}
    return {
        "EndpointConfigName": pending["EndpointConfigName"],
        "ProductionVariants": [
            _variant(pending["Models"], variant, variants, variants, counts) | stage
            for variant in pending["Config"]["ProductionVariants"]
        ],
        "StartTime": pending["StartTime"],
    }
