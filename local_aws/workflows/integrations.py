"""How states call other services: names, and values on their way there and back.

Step Functions spells every member in PascalCase, whatever the service does, and speaks JSON alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.response import StreamingBody

from local_aws.service_shapes import service_model


@dataclass(frozen=True)
class Service:
    """A service as aws-sdk integrations know it: boto3's name, and the one that its errors begin with."""

    boto: str
    errors: str


# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
AWS_SDK = {
    "applicationautoscaling": Service("application-autoscaling", "ApplicationAutoScaling"),
    "cloudformation": Service("cloudformation", "CloudFormation"),
    "cloudwatch": Service("cloudwatch", "CloudWatch"),
    "cloudwatchlogs": Service("logs", "CloudWatchLogs"),
    "eventbridge": Service("events", "EventBridge"),
    "iam": Service("iam", "Iam"),
    "lambda": Service("lambda", "Lambda"),
    "s3": Service("s3", "S3"),
    "sagemaker": Service("sagemaker", "SageMaker"),
    "sagemakerruntime": Service("sagemaker-runtime", "SageMakerRuntime"),
    "sfn": Service("stepfunctions", "Sfn"),
    "sns": Service("sns", "Sns"),
    "sqs": Service("sqs", "Sqs"),
    "sts": Service("sts", "Sts"),
}
OPTIMISED = {"states": "stepfunctions"}


def boto_service(name: str) -> str:
    """boto3's name of a service, by its name in a resource's ARN."""
    return AWS_SDK[name].boto if name in AWS_SDK else OPTIMISED.get(name, name)


def operation_model(service: str, action: str) -> OperationModel:
    """The operation that `action` names: "startExecution". Raises OperationNotFoundError."""
    return service_model(service).operation_model(action[0].upper() + action[1:])


def to_boto(shape: Shape | None, value: Any) -> Any:
    """Parameters of a state as boto3 takes them; what is not text where text belongs becomes JSON.

    Raises ValueError for a member that the operation does not have.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        names = {_pascal(name): name for name in shape.members}
        unknown = [key for key in value if _pascal(key) not in names]
        if unknown:
            raise ValueError(f'The field "{unknown[0]}" is not supported by Step Functions')
        return {names[_pascal(key)]: to_boto(shape.members[names[_pascal(key)]], part) for key, part in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_boto(shape.member, part) for part in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: to_boto(shape.value, part) for key, part in value.items()}
    if shape is not None and shape.type_name == "string" and not isinstance(value, str):
        return json.dumps(value, separators=(",", ":"))
    if shape is not None and shape.type_name == "blob" and not isinstance(value, bytes):
        return json.dumps(value, separators=(",", ":")).encode()
    return value


def from_boto(shape: Shape | None, value: Any) -> Any:
    """What boto3 answered, as JSON: members in PascalCase, times as ISO 8601 text, bodies as text."""
    if isinstance(value, Mapping):
        if isinstance(shape, StructureShape):
            return {_pascal(key): from_boto(shape.members.get(key), part) for key, part in value.items()}
        inner = shape.value if isinstance(shape, MapShape) else None
        return {key: from_boto(inner, part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [from_boto(shape.member if isinstance(shape, ListShape) else None, part) for part in value]
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, StreamingBody):
        return value.read().decode(errors="replace")
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


def iso_time(moment: datetime) -> str:
    """A moment as Step Functions writes it, to the millisecond: 2030-01-01T00:00:00.000Z."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]
