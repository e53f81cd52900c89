"""An InvokeEndpoint request as it comes over HTTP: what it asks for, checked against the service's model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from local_aws.sagemaker.endpoints.runtime_errors import PayloadTooLarge, ValidationError
from local_aws.sagemaker.validation.constraints import Violation

PATH = re.compile(r"/endpoints/[^/]+/invocations")
# the service's limits on a body: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
LARGEST_BODY = 6 * 1024 * 1024
LARGEST_SERVERLESS_BODY = 4 * 1024 * 1024
# A client that is still sending does not see the answer: so much of a body too large is read and thrown away.
LARGEST_DRAINED = 32 * 1024 * 1024
CHUNK = 64 * 1024
# what the patterns of this model have and Python's have not
JAVA_CLASSES = {r"\p{ASCII}*": r"[\x00-\x7f]*", r"\p{Print}": r"\x20-\x7e", r"\z": r"\Z"}
TAKEN = ("ContentType", "Accept", "CustomAttributes", "InferenceId", "TargetVariant")


@dataclass(frozen=True)
class Invocation:
    """One request; None is what it does not say."""

    endpoint_name: str
    body: bytes
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    target_variant: str | None = None


def is_invocation(environ: Mapping[str, Any]) -> bool:
    """Whether a request of SageMaker's signing name is an InvokeEndpoint."""
    return environ["REQUEST_METHOD"] == "POST" and PATH.fullmatch(environ["PATH_INFO"]) is not None


def read_invocation(environ: Mapping[str, Any]) -> Invocation:
    """Read a request for which `is_invocation` holds, body included, of which no more than the limit is kept.

    Raises ValidationError, also for what only other kinds of endpoints take; PayloadTooLarge.
    """
    members = {"EndpointName": environ["PATH_INFO"].split("/")[2]}
    for variable, name in _header_members().items():
        if value := environ.get(variable):
            members[name] = value
    _check(members)
    return Invocation(
        endpoint_name=members["EndpointName"],
        body=_read_body(environ),
        content_type=members.get("ContentType"),
        accept=members.get("Accept"),
        custom_attributes=members.get("CustomAttributes"),
        inference_id=members.get("InferenceId"),
        target_variant=members.get("TargetVariant"),
    )


@cache
def members_of_input() -> Mapping[str, Shape]:
    """The members of InvokeEndpoint's request in botocore's model."""
    description = Loader().load_service_model("sagemaker-runtime", "service-2")
    members: Mapping[str, Shape] = ServiceModel(description).operation_model("InvokeEndpoint").input_shape.members
    return members


@cache
def _header_members() -> Mapping[str, str]:
    """WSGI's variable of each header that the model names -> the member it carries."""
    headers = {
        shape.serialization["name"]: name
        for name, shape in members_of_input().items()
        if shape.serialization.get("location") == "header"
    }
    plain = {"Content-Type": "CONTENT_TYPE"}
    return {plain.get(header, f"HTTP_{header.upper().replace('-', '_')}"): name for header, name in headers.items()}


def _check(members: Mapping[str, str]) -> None:
    shapes = members_of_input()
    violations = [
        Violation.of(f"{name[:1].lower()}{name[1:]}", constraint, value, shapes[name])
        for name, value in members.items()
        for constraint in _broken(shapes[name], value)
    ]
    if violations:
        count = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected"
        raise ValidationError(f"{count}: {'; '.join(map(str, violations))}")
    for name in members:
        if name not in TAKEN and name != "EndpointName":
            raise ValidationError(
                f"{name} is not supported: endpoint {members['EndpointName']} hosts one model in one container on each "
                f"variant, without sessions or explanations. Leave {name} out."
            )


def _broken(shape: Shape, value: str) -> Iterator[str]:
    bounds = shape.metadata
    if len(value) > bounds.get("max", len(value)):
        yield f"Member must have length less than or equal to {bounds['max']}"
    if not _expression(bounds.get("pattern", "")).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {bounds['pattern']}"


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    for java, python in JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern or ".*", re.DOTALL)


def _read_body(environ: Mapping[str, Any]) -> bytes:
    source = environ["wsgi.input"]
    stated = environ.get("CONTENT_LENGTH")
    if stated and int(stated) > LARGEST_BODY:
        _drain(source, min(int(stated), LARGEST_DRAINED))
        raise PayloadTooLarge(LARGEST_BODY)
    body: bytes = source.read(int(stated) if stated else LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        raise PayloadTooLarge(LARGEST_BODY)
    if stated and len(body) < int(stated):
        raise ValidationError(f"The body ended after {len(body)} bytes of the {stated} that Content-Length states.")
    return body


def _drain(source: Any, size: int) -> None:
    while size > 0 and (read := len(source.read(min(size, CHUNK)))):
        size -= read
