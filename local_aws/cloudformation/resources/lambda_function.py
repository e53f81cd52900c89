"""AWS::Lambda::Function."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.resources.base import Clients, Made, Properties, tags_of

# as they are, in requests for the function's configuration
CONFIGURATION = (
    *("Description", "Environment", "Handler", "KMSKeyArn", "Layers", "LoggingConfig", "Role", "Runtime"),
    *("TracingConfig", "DeadLetterConfig", "VpcConfig", "EphemeralStorage"),
)
NUMBERS = ("MemorySize", "Timeout")


@dataclass(frozen=True)
class Function:
    """A function; its code comes from S3, or as text which becomes index.py."""

    type: str = "AWS::Lambda::Function"
    properties: frozenset[str] = frozenset(
        {*CONFIGURATION, *NUMBERS, "FunctionName", "Code", "Architectures", "Tags", "ReservedConcurrentExecutions"}
        | {"KmsKeyArn"}
    )
    replacing: frozenset[str] = frozenset({"FunctionName"})
    named_by: str | None = "FunctionName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        api = clients("lambda")
        made = api.create_function(
            FunctionName=wanted.get("FunctionName", name),
            Code=_code(wanted["Code"]),
            Tags=tags_of(wanted),
            **_configuration(wanted),
            **({"Architectures": wanted["Architectures"]} if "Architectures" in wanted else {}),
        )
        _reserve(api, made["FunctionName"], {}, wanted)
        return _made(made)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        api = clients("lambda")
        if before["Code"] != wanted["Code"]:
            api.update_function_code(FunctionName=physical_id, **_code(wanted["Code"]))
        if _configuration(before) != _configuration(wanted):
            api.update_function_configuration(FunctionName=physical_id, **_configuration(wanted))
        _reserve(api, physical_id, before, wanted)
        return _made(api.get_function_configuration(FunctionName=physical_id))

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        api = clients("lambda")
        with suppress(api.exceptions.ResourceNotFoundException):
            api.delete_function(FunctionName=physical_id)


def _configuration(wanted: Properties) -> dict[str, Any]:
    found = {member: wanted[member] for member in CONFIGURATION if member in wanted}
    if "KmsKeyArn" in wanted:
        found["KMSKeyArn"] = wanted["KmsKeyArn"]
    return {**found, **{member: int(wanted[member]) for member in NUMBERS if member in wanted}}


def _code(code: Properties) -> dict[str, Any]:
    if "ZipFile" not in code:
        return {member: code[member] for member in ("S3Bucket", "S3Key", "S3ObjectVersion") if member in code}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code["ZipFile"])
    return {"ZipFile": content.getvalue()}


def _reserve(api: Any, name: str, before: Properties, wanted: Properties) -> None:
    member = "ReservedConcurrentExecutions"
    if member in wanted:
        api.put_function_concurrency(FunctionName=name, **{member: int(wanted[member])})
    elif member in before:
        api.delete_function_concurrency(FunctionName=name)


def _made(function: dict[str, Any]) -> Made:
    return Made(function["FunctionName"], {"Arn": function["FunctionArn"]})
