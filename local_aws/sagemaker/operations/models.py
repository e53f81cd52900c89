"""Models: which containers serve, with which artefacts."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.operations.containers import check_image, check_model_data
from local_aws.sagemaker.operations.model_packages import find_package
from local_aws.sagemaker.operations.tags import keep_tags
from local_aws.sagemaker.store import Record, RecordExists, RecordNotFound

KIND = "Model"
KEPT = ("ModelName", "InferenceExecutionConfig", "ExecutionRoleArn", "VpcConfig")
# what a container takes from the package that it names
FROM_PACKAGE = ("Image", "ModelDataUrl", "ModelDataSource", "ContainerHostname", "AdditionalModelDataSources")

LIST_MODELS = RecordListing("ListModels", descending=True)


@operation("CreateModel")
def create_model(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn = context.arn(f"model/{request['ModelName']}")
    body: dict[str, Any] = {member: request[member] for member in KEPT if member in request}
    body |= {"ModelArn": arn, "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False)}
    body |= _containers(context, request)
    try:
        record = context.store.insert(KIND, request["ModelName"], arn, body)
    except RecordExists as error:
        raise ValidationException(f'Cannot create already existing model "{arn}".') from error
    keep_tags(context, record.arn, request)
    return {"ModelArn": arn}


@operation("DescribeModel")
def describe_model(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    record = _find(context, request["ModelName"])
    return {**record.body, "CreationTime": record.created}


@operation("ListModels")
def list_models(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return LIST_MODELS.answer(context.store.all(KIND), request, "Models", _summary)


@operation("DeleteModel")
def delete_model(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.store.delete(KIND, _find(context, request["ModelName"]).name)
    return {}


def _containers(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """PrimaryContainer, or Containers, of the model, complete enough to be run without any other record."""
    primary, several = request.get("PrimaryContainer"), request.get("Containers")
    if bool(primary) == bool(several):
        raise ValidationException("A model takes either PrimaryContainer or Containers, and exactly one of them.")
    found = [whole for given in several or [primary] for whole in _resolve(context, given)]
    for container in found:
        check_image(container)
        check_model_data(context, container)
        container.setdefault("Mode", "SingleModel")
    return {"PrimaryContainer": found[0]} if primary and len(found) == 1 else {"Containers": found}


def _resolve(context: Context, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The container as given, or those of the package that it names, the given environment over theirs."""
    if "ModelPackageName" not in given:
        if "Image" not in given:
            raise ValidationException("A container needs an Image or a ModelPackageName.")
        return [dict(given)]
    package = find_package(context, given["ModelPackageName"])
    status = package.body.get("ModelApprovalStatus", "Approved")
    if status != "Approved":
        raise ValidationException(
            f"The model package {package.arn} cannot be used in a model: "
            f"its ModelApprovalStatus is {status}, not Approved."
        )
    return [_from_package(package, container, given) for container in _package_containers(package, given)]


def _package_containers(package: Record, given: dict[str, Any]) -> list[dict[str, Any]]:
    name = given.get("InferenceSpecificationName")
    if name is None:
        specification = package.body.get("InferenceSpecification")
    else:
        more = package.body.get("AdditionalInferenceSpecifications", [])
        specification = next((one for one in more if one["Name"] == name), None)
    if specification is None:
        which = f"no inference specification named {name}" if name else "no inference specification"
        raise ValidationException(f"The model package {package.arn} has {which}.")
    containers: list[dict[str, Any]] = specification["Containers"]
    return containers


def _from_package(package: Record, container: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    taken = {member: container[member] for member in FROM_PACKAGE if member in container}
    environment = {**container.get("Environment", {}), **given.get("Environment", {})}
    whole = {**taken, **given, "ModelPackageName": package.arn}
    return {**whole, "Environment": environment} if environment else whole


def _find(context: Context, name: str) -> Record:
    try:
        return context.store.get(KIND, name)
    except RecordNotFound as error:
        raise ValidationException(f'Could not find model "{context.arn(f"model/{name}")}".') from error


def _summary(record: Record) -> dict[str, Any]:
    return {"ModelName": record.name, "ModelArn": record.arn, "CreationTime": record.created}
