"""Where a request's pipeline definition comes from, and whether it can be executed."""

from __future__ import annotations

from typing import Any

from local_aws.objects import ObjectNotFound
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.pipeline.definition import parse_definition

MOST_CHARACTERS = 1_048_576


def given_definition(context: Context, request: dict[str, Any]) -> str | None:
    """The definition in the request or in S3, parsed once to know that it can run; None where none is given.

    Raises ValidationException for two definitions, one that cannot be read, and one that the engine cannot
    execute.
    """
    text, location = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
    if text is not None and location is not None:
        raise ValidationException("Both Pipeline Definition and Pipeline Definition S3 Location shouldn't be present")
    if location is not None:
        text = _read(context, location)
    if text is not None:
        parse_definition(text)
    return text


def _read(context: Context, location: dict[str, Any]) -> str:
    bucket, key = location["Bucket"], location["ObjectKey"]
    if "VersionId" in location:
        raise ValidationException("A VersionId of a PipelineDefinitionS3Location is not supported by this local AWS.")
    try:
        text = context.objects.read(bucket, key).decode()
    except ObjectNotFound as error:
        raise ValidationException(f"Could not read the pipeline definition s3://{bucket}/{key}: {error}") from error
    except UnicodeDecodeError as error:
        raise ValidationException(f"The pipeline definition s3://{bucket}/{key} is not UTF-8 text.") from error
    if len(text) > MOST_CHARACTERS:
        raise ValidationException(
            f"The pipeline definition s3://{bucket}/{key} has {len(text)} characters; "
            f"at most {MOST_CHARACTERS} are allowed."
        )
    return text
