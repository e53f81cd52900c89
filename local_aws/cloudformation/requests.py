"""What a request wants a stack to be: its template read, transformed and checked, its parameters' values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from local_aws.cloudformation.errors import ValidationError
from local_aws.cloudformation.functions import Scope
from local_aws.cloudformation.parameters import as_values, parameter_values, pseudo_parameters
from local_aws.cloudformation.plan import check_capabilities, check_template, check_transforms
from local_aws.cloudformation.sam import transform, transforms_of
from local_aws.cloudformation.support import check_support
from local_aws.cloudformation.template import Template, load_document, parse_document
from local_aws.objects import ObjectNotFound
from local_aws.sagemaker.context import Context

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html, in bytes
LARGEST_BODY = 51_200
LARGEST_OBJECT = 1_000_000
UNSUPPORTED = (
    *("StackPolicyBody", "StackPolicyURL", "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL", "RoleARN"),
    *("RollbackConfiguration", "ResourceTypes", "ImportExistingResources", "NotificationARNs"),
    *("EnableTerminationProtection", "RetainExceptOnCreate"),
)
VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-][a-z0-9.-]*amazonaws\.com")


def wanted_stack(
    context: Context, request: Mapping[str, Any], name: str, stack_id: str, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What is kept of the stack that a CreateStack or UpdateStack request describes. `before` is what it was.

    Raises ValidationError and InsufficientCapabilities, before anything is made.
    """
    text = before["Template"] if before and request.get("UsePreviousTemplate") else template_text(context, request)
    document = load_document(text)
    given = request.get("Capabilities", [])
    transforms = transforms_of(document)
    check_transforms(transforms, given)
    declared = document.get("Parameters") or {}
    values = parameter_values(declared, request.get("Parameters", []), before["Parameters"] if before else {})
    if transforms:
        document = transform(document, as_values(declared, values), context.region)
    template = parse_document(document)
    check_template(template)
    check_capabilities(document["Resources"], given)
    check_support(template, scope_of(context, template, values, name, stack_id))
    tags = request.get("Tags") if "Tags" in request or not before else before["Tags"]
    return {
        "Template": text,
        "Processed": json.dumps(document) if transforms else None,
        "Description": template.description,
        "Parameters": values,
        "Hidden": [name for name, rules in declared.items() if rules.get("NoEcho")],
        "Tags": [dict(tag) for tag in tags or []],
        "Capabilities": list(given),
    }


def template_of(wanted: Mapping[str, Any]) -> Template:
    """The template, transformed, of a stack as it is kept."""
    return parse_document(load_document(wanted.get("Processed") or wanted["Template"]))


def scope_of(context: Context, template: Template, values: Mapping[str, str], name: str, stack_id: str) -> Scope:
    """What a template's functions may refer to before any resource is there."""
    pseudo = pseudo_parameters(context.region, context.account_id, name, stack_id)
    return Scope({**as_values(template.parameters, values), **pseudo}, template.mappings, template.conditions)


def template_text(context: Context, request: Mapping[str, Any]) -> str:
    """The template of a request, from its body or from S3. Raises ValidationError."""
    for member in UNSUPPORTED:
        if request.get(member):
            raise ValidationError(f"{member} is not supported by this local AWS.")
    if "TemplateBody" in request:
        text, largest = str(request["TemplateBody"]), LARGEST_BODY
    elif "TemplateURL" in request:
        text, largest = _fetch(context, request["TemplateURL"]), LARGEST_OBJECT
    else:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    if len(text.encode()) > largest:
        raise ValidationError(f"Template may not exceed {largest} bytes in size.")
    return text


def _fetch(context: Context, url: str) -> str:
    """The object in this server's S3 at a local, path-style or virtual-hosted URL."""
    parts = urlsplit(url)
    if parts.query:
        raise ValidationError(f"S3 error: {url}: this local AWS takes no versions of a template.")
    host, path = VIRTUAL_HOST.fullmatch(parts.netloc), unquote(parts.path).removeprefix("/")
    bucket, key = (host["bucket"], path) if host else path.partition("/")[::2]
    try:
        return context.objects.read(bucket, key).decode()
    except (ObjectNotFound, UnicodeDecodeError) as error:
        raise ValidationError(f"S3 error: {url}: {error}") from error
