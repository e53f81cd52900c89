"""What a container definition must keep, in a model or package: a known image, artefacts that exist."""

from __future__ import annotations

from typing import Any

from local_aws.images import require_image
from local_aws.objects import ObjectNotFound, S3Uri
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ValidationException


def check_specification(context: Context, specification: dict[str, Any]) -> dict[str, Any]:
    """An inference specification with the entity tag of each artefact noted, as the service notes it.

    Raises ValidationException for an unknown image or an artefact that is not there.
    """
    return {**specification, "Containers": [_checked(context, one) for one in specification["Containers"]]}


def check_image(container: dict[str, Any]) -> None:
    """Raises ValidationException, listing the known images, for an image that cannot serve here."""
    require_image(container["Image"], "serve")


def check_model_data(context: Context, container: dict[str, Any]) -> None:
    """Raises ValidationException where a model artefact is not in S3; one on HTTPS is not looked for."""
    url = container.get("ModelDataUrl")
    if url and url.startswith("s3://") and model_data_etag(context, url) is None:
        raise _not_found(url)
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source and source["S3Uri"].startswith("s3://") and not _source_exists(context, source):
        raise _not_found(source["S3Uri"])


def model_data_etag(context: Context, url: str) -> str | None:
    """The entity tag of a model artefact, None where there is no such object."""
    uri = S3Uri.parse(url)
    try:
        return context.objects.etag(uri.bucket, uri.key)
    except ObjectNotFound:
        return None


def _checked(context: Context, container: dict[str, Any]) -> dict[str, Any]:
    if "Image" not in container:
        raise ValidationException("A container of an inference specification needs an Image.")
    check_image(container)
    check_model_data(context, container)
    url = container.get("ModelDataUrl", "")
    return {**container, "ModelDataETag": model_data_etag(context, url)} if url.startswith("s3://") else container


def _source_exists(context: Context, source: dict[str, Any]) -> bool:
    if source["S3DataType"] == "S3Object":
        return model_data_etag(context, source["S3Uri"]) is not None
    uri = S3Uri.parse(source["S3Uri"])
    try:
        return any(True for _ in context.objects.keys(uri.bucket, uri.key))
    except ObjectNotFound:
        return False


def _not_found(url: str) -> ValidationException:
    return ValidationException(f"Could not find model data at {url}.")
