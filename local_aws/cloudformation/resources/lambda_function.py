"""AWS::Lambda::Function."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from typing import Any

from local_aws.cloudformation.functions import as_text
from local_aws.cloudformation.resources.base import (
    Clients,
    Made,
    Properties,
    ResourceType,
    change_tags,
    tags_of,
    taken_back_by,
)

# as they are, in requests for the function's configuration; by what they are where they are not declared
DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "KmsKeyArn": "",
    "Layers": [],
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
REQUIRED = ("Handler", "Role", "Runtime")
NUMBERS = ("MemorySize", "Timeout")


class Function(ResourceType):
    """A function; its code comes from S3, or as text which becomes index.py."""

    type = "AWS::Lambda::Function"
    properties = frozenset(
        {
            *DEFAULTS,
            *REQUIRED,
            *("FunctionName", "Architectures", "Tags", "ReservedConcurrentExecutions"),
            *("Code.ZipFile", "Code.S3Bucket", "Code.S3Key", "Code.S3ObjectVersion"),
        }
    )
    required = frozenset({"Code", *REQUIRED})
    replacing = frozenset({"FunctionName"})
    inert = frozenset({"Architectures", "EphemeralStorage", "KmsKeyArn", "TracingConfig", "VpcConfig"})
    named_by = "FunctionName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        api = clients("lambda")
        made = api.create_function(
            FunctionName=wanted.get("FunctionName", name),
            Code=_code(wanted["Code"]),
            Tags=tags_of(wanted),
            **_request(wanted, {name for name in wanted if name in DEFAULTS}),
            **({"Architectures": wanted["Architectures"]} if "Architectures" in wanted else {}),
        )
        with taken_back_by(lambda: self.delete(clients, made["FunctionName"], wanted)):
            _reserve(api, made["FunctionName"], {}, wanted)
        return _made(made)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        api = clients("lambda")
        architectures = wanted.get("Architectures", ["x86_64"])
        if before["Code"] != wanted["Code"] or before.get("Architectures", ["x86_64"]) != architectures:
            api.update_function_code(FunctionName=physical_id, Architectures=architectures, **_code(wanted["Code"]))
        declared = {name for name in DEFAULTS if name in before or name in wanted}
        if _request(before, declared) != _request(wanted, declared):
            api.update_function_configuration(FunctionName=physical_id, **_request(wanted, declared))
        _reserve(api, physical_id, before, wanted)
        found = api.get_function_configuration(FunctionName=physical_id)
        change_tags(
            before,
            wanted,
            lambda tags: api.tag_resource(Resource=found["FunctionArn"], Tags=tags),
            lambda keys: api.untag_resource(Resource=found["FunctionArn"], TagKeys=keys),
        )
        return _made(found)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        api = clients("lambda")
        with suppress(api.exceptions.ResourceNotFoundException):
            api.delete_function(FunctionName=physical_id)


def _request(wanted: Properties, declared: set[str]) -> dict[str, Any]:
    """Its configuration as the API takes it; what is not wanted any more goes back to the default."""
    found = {name: wanted.get(name, DEFAULTS[name]) for name in declared}
    found |= {name: wanted[name] for name in REQUIRED}
    found |= {name: int(found[name]) for name in NUMBERS if name in found}
    if "EphemeralStorage" in found:
        found["EphemeralStorage"] = {"Size": int(found["EphemeralStorage"]["Size"])}
    if "Environment" in found:
        variables = found["Environment"].get("Variables", {})
        found["Environment"] = {"Variables": {name: as_text(value) for name, value in variables.items()}}
    if "KmsKeyArn" in found:
        found["KMSKeyArn"] = found.pop("KmsKeyArn")
    return found


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
