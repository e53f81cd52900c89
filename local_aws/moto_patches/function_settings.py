"""What a function may be configured with here, checked as the service checks it."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError

from local_aws.functions.environment import RESERVED

RUNTIME = re.compile(r"python3\.\d{1,2}")
NAME = re.compile(
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-[a-z]+)+-\d:)?(\d{12}:)?(function:)?[a-zA-Z0-9-_]{1,64}(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
LIMITS = {"Timeout": (1, 900), "MemorySize": (128, 10240)}
MOST_VARIABLE_BYTES = 4096
# public layers, by the beginning of their name, whose package may be part of this environment
PUBLIC_LAYERS = {"AWSLambdaPowertoolsPython": "aws_lambda_powertools", "AWSSDKPandas-Python": "awswrangler"}
LAYER_ARN = re.compile(r"arn:[^:]+:lambda:[^:]+:\d{12}:layer:(?P<name>[^:]+):\d+")
SUPPORTED = {
    "FunctionName", "Runtime", "Role", "Handler", "Code", "Description", "Timeout", "MemorySize", "Publish",
    "PackageType", "Environment", "Tags", "Layers", "Architectures", "EphemeralStorage", "LoggingConfig",
    "TracingConfig", "VpcConfig", "KMSKeyArn", "RevisionId", "ReservedConcurrentExecutions",
}  # fmt: skip


def check_settings(settings: dict[str, Any], new: bool = True) -> None:
    """Check a CreateFunction or, where not `new`, an UpdateFunctionConfiguration request.

    Raises InvalidParameterValueException; ValidationException for numbers out of range.
    """
    for name, value in settings.items():
        if name not in SUPPORTED and value and value != {"ApplyOn": "None"}:
            raise InvalidParameterValueException(f"This local AWS does not support {name} of a function.")
    if settings.get("PackageType", "Zip") != "Zip":
        raise InvalidParameterValueException(
            "This local AWS runs functions from zip files: PackageType Image is not supported."
        )
    if new and not (settings.get("Runtime") and settings.get("Handler")):
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    if new and not NAME.fullmatch(settings.get("FunctionName", "")):
        raise _invalid(settings.get("FunctionName"), "functionName", f"regular expression pattern: {NAME.pattern}")
    runtime = settings.get("Runtime")
    if runtime and not RUNTIME.fullmatch(runtime):
        raise InvalidParameterValueException(
            f"This local AWS runs Python functions alone (python3.x, by its own interpreter), not {runtime}."
        )
    for name, (least, most) in LIMITS.items():
        if settings.get(name) is not None and not least <= int(settings[name]) <= most:
            wanted = f"value between {least} and {most}"
            raise _invalid(settings[name], name[0].lower() + name[1:], wanted)
    _check_variables((settings.get("Environment") or {}).get("Variables") or {})
    _check_layers(settings.get("Layers") or [])


def is_public_layer(arn: str) -> bool:
    """Whether it is a layer that AWS publishes and whose package is part of this environment."""
    match = LAYER_ARN.fullmatch(arn)
    packages = (package for name, package in PUBLIC_LAYERS.items() if match and match["name"].startswith(name))
    return any(importlib.util.find_spec(package) is not None for package in packages)


def _check_layers(arns: list[str]) -> None:
    if len(arns) > 5:
        raise InvalidParameterValueException(f"Cannot reference more than 5 layers, found {len(arns)}.")


def _check_variables(variables: dict[str, str]) -> None:
    unable = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    reserved = sorted(RESERVED.intersection(variables))
    if reserved:
        raise InvalidParameterValueException(
            f"{unable} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    malformed = [name for name in variables if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]+", name)]
    if malformed:
        raise _invalid(malformed[0], "environment.variables", "regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+")
    size = sum(len(name.encode()) + len(str(value).encode()) for name, value in variables.items())
    if size > MOST_VARIABLE_BYTES:
        raise InvalidParameterValueException(f"{unable} exceeded the 4KB limit. Bytes measured: {size}")


def _invalid(value: Any, member: str, constraint: str) -> LambdaClientError:
    text = (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy"
    )
    return LambdaClientError("ValidationException", f"{text} {constraint}")
