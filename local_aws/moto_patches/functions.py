"""Lambda's API in moto: what it checks, keeps and hands to who really invokes functions."""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import Any

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    PreconditionFailedException,
)
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.s3.exceptions import MissingBucket, MissingKey
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from local_aws.functions import archive
from local_aws.moto_patches.function_settings import check_settings, is_public_layer
from local_aws.moto_patches.replacing import replace


def install() -> None:
    """Patch moto for this process."""
    _keep_code()
    _keep_settings()
    _refuse_what_nobody_executes()


def _refuse_what_nobody_executes() -> None:
    """moto keeps these settings, and does nothing of what they say."""

    def refuse(what: str) -> Any:
        def refused(_backend: LambdaBackend, *_args: Any, **_kwargs: Any) -> Any:
            raise InvalidParameterValueException(f"This local AWS does not support {what}.")

        return refused

    put, change = LambdaBackend.put_function_event_invoke_config, LambdaBackend.update_function_event_invoke_config

    def without_destinations(method: Any) -> Any:
        def checked(backend: LambdaBackend, function_name: str, config: dict[str, Any]) -> Any:
            if any((config.get("DestinationConfig") or {}).values()):
                refuse("destinations of asynchronous invocations")(backend)
            return method(backend, function_name, config)

        return checked

    replace(LambdaBackend, create_event_source_mapping=refuse("event source mappings"))
    replace(LambdaBackend, create_function_url_config=refuse("function URLs"))
    replace(LambdaBackend, put_function_event_invoke_config=without_destinations(put))
    replace(LambdaBackend, update_function_event_invoke_config=without_destinations(change))


def _keep_code() -> None:
    """moto takes any bytes for a zip, answers 500 where the object in S3 is missing, and keeps the code twice."""

    def set_function_code(function: LambdaFunction, updated: dict[str, Any]) -> None:
        if updated.get("ImageUri"):
            raise InvalidParameterValueException(
                "This local AWS runs functions from zip files: container images (ImageUri) are not supported."
            )
        content = _code(function, updated)
        try:
            archive.check(content)
        except archive.CodeNotUsable as error:
            raise InvalidParameterValueException(str(error)) from error
        if updated.get("DryRun") and updated is not function.code:
            return
        digest = hashlib.sha256(content)
        function.code_bytes = content
        function.code_size = len(content)
        function.code_sha_256 = base64.b64encode(digest.digest()).decode()
        function.code_digest = digest.hexdigest()
        place = {name: updated[name] for name in ("S3Bucket", "S3Key", "S3ObjectVersion") if updated.get(name)}
        function.code = place or {"S3Key": f"{function.function_name}-{uuid.uuid4()}"}

    def update_function_code(function: LambdaFunction, updated: dict[str, Any]) -> dict[str, Any]:
        _check_revision(function, updated)
        function._set_function_code(updated)
        if not updated.get("DryRun"):
            function.architectures = updated.get("Architectures") or function.architectures
            _changed(function)
        return function.get_configuration()

    def backend_update_function_code(
        backend: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        function = backend.get_function(function_name, qualifier)
        configuration = function.update_function_code(body)
        if body.get("Publish") and not body.get("DryRun"):
            configuration = backend.publish_version(function_name).get_configuration()  # type: ignore[union-attr]
        return configuration

    replace(LambdaFunction, _set_function_code=set_function_code)
    replace(LambdaFunction, update_function_code=update_function_code)
    replace(LambdaBackend, update_function_code=backend_update_function_code)


def _code(function: LambdaFunction, place: dict[str, Any]) -> bytes:
    if place.get("ZipFile"):
        try:
            return base64.b64decode(place["ZipFile"], validate=True)
        except ValueError as error:
            raise InvalidParameterValueException("Could not decode the zip file: it is not Base64.") from error
    if not place.get("S3Bucket") or not place.get("S3Key"):
        raise InvalidParameterValueException("Please provide a source for function code.")
    why = "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}"
    backend = s3_backends[function.account_id][get_partition(function.region)]
    try:
        found = backend.get_object(place["S3Bucket"], place["S3Key"], version_id=place.get("S3ObjectVersion"))
    except MissingBucket as error:
        raise InvalidParameterValueException(
            why.format("NoSuchBucket", "The specified bucket does not exist")
        ) from error
    except MissingKey:
        found = None
    if found is None:
        raise InvalidParameterValueException(why.format("NoSuchKey", "The specified key does not exist."))
    return found.value


def _keep_settings() -> None:
    """moto checks no settings, forgets some at updates, and knows layers of this account only."""
    create = LambdaBackend.create_function
    configuration = LambdaFunction.get_configuration
    layers_data = LambdaFunction._get_layers_data
    update = LambdaFunction.update_configuration

    def create_function(backend: LambdaBackend, spec: dict[str, Any]) -> LambdaFunction:
        check_settings(spec)
        function = create(backend, spec)
        function.logging_config = spec.get("LoggingConfig") or {}  # type: ignore[attr-defined]
        return function

    def update_configuration(function: LambdaFunction, updates: dict[str, Any]) -> dict[str, Any]:
        _check_revision(function, updates)
        check_settings(updates, new=False)
        taken = dict(updates)
        if "Environment" in taken:
            taken["Environment"] = {"Variables": (taken["Environment"] or {}).get("Variables", {})}
        update(function, taken)
        if "EphemeralStorage" in updates:
            function.ephemeral_storage = updates["EphemeralStorage"]["Size"]
        function.tracing_config = updates.get("TracingConfig", function.tracing_config)
        function.kms_key_arn = updates.get("KMSKeyArn", function.kms_key_arn)
        if "LoggingConfig" in updates:
            function.logging_config = updates["LoggingConfig"]  # type: ignore[attr-defined]
        _changed(function)
        return function.get_configuration()

    def get_configuration(function: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
        logging = getattr(function, "logging_config", {})
        group = f"/aws/lambda/{function.function_name}"
        return configuration(function, on_create) | {
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": group, **logging},
            "RevisionId": function.__dict__.setdefault("revision_id", str(uuid.uuid4())),
        }

    def get_layers_data(function: LambdaFunction, arns: list[str]) -> Any:
        own = iter(layers_data(function, [arn for arn in arns if not is_public_layer(arn)]))
        return [{"Arn": arn, "CodeSize": 0} if is_public_layer(arn) else next(own) for arn in arns]

    replace(LambdaBackend, create_function=create_function)
    replace(LambdaFunction, update_configuration=update_configuration)
    replace(LambdaFunction, get_configuration=get_configuration)
    replace(LambdaFunction, _get_layers_data=get_layers_data)


def _check_revision(function: LambdaFunction, request: dict[str, Any]) -> None:
    revision = request.get("RevisionId")
    if revision and revision != function.get_configuration()["RevisionId"]:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id"
        )


def _changed(function: LambdaFunction) -> None:
    from moto.core.utils import iso_8601_datetime_with_nanoseconds

    function.code_or_config_updated = True
    function.last_modified = iso_8601_datetime_with_nanoseconds()
    function.__dict__["revision_id"] = str(uuid.uuid4())
