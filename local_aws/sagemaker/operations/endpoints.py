"""Endpoints: create, update, delete, and change of weights and capacities; what they become is the worker's work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.endpoints.records import ENDPOINT, find_config, find_endpoint, models_of, wanted_variants
from local_aws.sagemaker.endpoints.traffic import BadDeploymentConfig, alarms_of, plan_traffic
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.operations.endpoint_descriptions import describe
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.store import Record, RecordExists

LISTING = RecordListing("ListEndpoints", descending=True)
IN_PROGRESS = ("Creating", "Updating", "Deleting")


@operation("CreateEndpoint")
def create_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name, arn = request["EndpointName"], context.arn(f"endpoint/{request['EndpointName']}")
    config = find_config(context, request["EndpointConfigName"]).body
    deployment = request.get("DeploymentConfig")
    _check_deployment(context, deployment, config)
    body = {
        "EndpointName": name,
        "EndpointArn": arn,
        "EndpointConfigName": config["EndpointConfigName"],
        "Config": config,
        "Models": models_of(context, config),
        "Variants": wanted_variants(config),
        **({"LastDeploymentConfig": deployment} if deployment else {}),
    }
    try:
        context.store.insert(ENDPOINT, name, arn, body, "Creating")
    except RecordExists as error:
        raise ValidationException(f'Cannot create already existing endpoint "{arn}".') from error
    keep_tags(context, arn, request)
    context.workers["endpoints"].start(ENDPOINT, name)
    return {"EndpointArn": arn}


@operation("DescribeEndpoint")
def describe_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return describe(context, find_endpoint(context, request["EndpointName"]))


@operation("ListEndpoints")
def list_endpoints(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return LISTING.answer(context.store.all(ENDPOINT), request, "Endpoints", _summary)


@operation("UpdateEndpoint")
def update_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_endpoint(context, request["EndpointName"])
    config = find_config(context, request["EndpointConfigName"]).body
    if _is_serverless(config) and not _is_serverless(record.body["Config"]):
        # https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-update.html
        raise ValidationException("An endpoint with instances cannot be updated to a serverless one.")
    kept = record.body.get("LastDeploymentConfig") if request.get("RetainDeploymentConfig") else None
    deployment = request.get("DeploymentConfig") or kept
    _check_deployment(context, deployment, config)
    pending = {
        "EndpointConfigName": config["EndpointConfigName"],
        "Config": config,
        "Models": models_of(context, config),
        "Variants": _retained_variants(record, config, request),
        "Capture": _retained_capture(record, request),
        "DeploymentConfig": deployment,
        "StartTime": context.now(),
    }
    return _begin(context, record, {member: value for member, value in pending.items() if value is not None})


@operation("UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_endpoint(context, request["EndpointName"])
    variants: dict[str, dict[str, Any]] = {name: dict(wanted) for name, wanted in record.body["Variants"].items()}
    for change in request["DesiredWeightsAndCapacities"]:
        name = change["VariantName"]
        if name not in variants:
            raise ValidationException(f"The endpoint {record.name} has no production variant {name}.")
        if "ServerlessUpdateConfig" in change:
            raise ValidationException("ServerlessUpdateConfig is not supported by this local AWS: update the endpoint.")
        variants[name] |= _changed(change, variants[name])
    if not any(variant["Weight"] for variant in variants.values()):
        raise ValidationException("At least one production variant must have a weight greater than 0.")
    return _begin(context, record, {"Variants": variants})


@operation("DeleteEndpoint")
def delete_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = find_endpoint(context, request["EndpointName"])

    def change(now: Record) -> tuple[str, dict[str, Any]]:
        _refuse_in_progress(now)
        return "Deleting", now.body

    context.store.edit(ENDPOINT, record.name, change)
    context.workers["endpoints"].start(ENDPOINT, record.name)
    return {}


def _begin(context: Context, record: Record, pending: dict[str, Any]) -> dict[str, Any]:
    """Note what the endpoint is to become, and let it become so."""

    def change(now: Record) -> tuple[str, dict[str, Any]]:
        _refuse_in_progress(now)
        if now.status != "InService":
            raise ValidationException(f'Cannot update endpoint "{now.arn}": its status is {now.status}.')
        return "Updating", {**now.body, "Pending": pending}

    context.store.edit(ENDPOINT, record.name, change)
    context.workers["endpoints"].start(ENDPOINT, record.name)
    return {"EndpointArn": record.arn}


def _is_serverless(config: Mapping[str, Any]) -> bool:
    return any("ServerlessConfig" in variant for variant in config["ProductionVariants"])


def _refuse_in_progress(record: Record) -> None:
    if record.status in IN_PROGRESS:
        raise ValidationException(f'Cannot update in-progress endpoint "{record.arn}".')


def _changed(change: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    name, found = change["VariantName"], {}
    if "DesiredWeight" in change:
        found["Weight"] = change["DesiredWeight"]
    if "DesiredInstanceCount" in change:
        if "Count" not in before:
            raise ValidationException(f"Production variant {name} is serverless: it has no instances.")
        if change["DesiredInstanceCount"] < 1:
            raise ValidationException(f"Production variant {name}: DesiredInstanceCount must be at least 1.")
        found["Count"] = change["DesiredInstanceCount"]
    return found


def _retained_variants(record: Record, config: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Weights and counts of the new configuration, or with RetainAllVariantProperties those that are live."""
    wanted = wanted_variants(config)
    if not request.get("RetainAllVariantProperties"):
        return wanted
    kept = {"Weight", "Count"} - {
        {"DesiredWeight": "Weight", "DesiredInstanceCount": "Count"}.get(kind, "") for kind in _excluded(request)
    }
    for name, variant in wanted.items():
        live = record.body["Variants"].get(name, {})
        variant |= {member: live[member] for member in kept if member in live and member in variant}
    return wanted


def _retained_capture(record: Record, request: Mapping[str, Any]) -> Any:
    if not request.get("RetainAllVariantProperties") or "DataCaptureConfig" in _excluded(request):
        return None
    return record.body.get("Capture") or record.body["Config"].get("DataCaptureConfig")


def _excluded(request: Mapping[str, Any]) -> list[str]:
    return [one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties") or []]


def _check_deployment(context: Context, deployment: Mapping[str, Any] | None, config: Mapping[str, Any]) -> None:
    if deployment is None:
        return
    if "RollingUpdatePolicy" in deployment:
        raise ValidationException("RollingUpdatePolicy is not supported by this local AWS, BlueGreenUpdatePolicy is.")
    instances = sum(variant.get("Count", 1) for variant in wanted_variants(config).values())
    try:
        plan_traffic(deployment, instances)
    except BadDeploymentConfig as error:
        raise ValidationException(str(error)) from error
    for alarm in alarms_of(deployment):
        try:
            context.alarms.state(alarm)
        except KeyError:
            raise ValidationException(f"AutoRollbackConfiguration: there is no alarm {alarm}.") from None


def _summary(record: Record) -> dict[str, Any]:
    return {
        "EndpointName": record.name,
        "EndpointArn": record.arn,
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
        "EndpointStatus": record.status,
    }
