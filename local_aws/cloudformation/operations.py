"""The operations of the CloudFormation API, each a function from request to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.cloudformation.errors import AlreadyExists, UnsupportedOperation, ValidationError
from local_aws.cloudformation.parameters import parameter_values
from local_aws.cloudformation.plan import IAM, NAMED_IAM, check_capabilities, check_template
from local_aws.cloudformation.records import STACK, STACK_TYPE, StackBook, find_stack, stack_id
from local_aws.cloudformation.template import Template, parse_template
from local_aws.objects import ObjectNotFound
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.store import Record, RecordExists

Answer = dict[str, Any]
STABLE_TO_UPDATE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
UNSUPPORTED = (
    "StackPolicyBody",
    "StackPolicyURL",
    "RoleARN",
    "RollbackConfiguration",
    "ResourceTypes",
    "ImportExistingResources",
)


def create_stack(context: Context, request: Mapping[str, Any]) -> Answer:
    template = _template(context, request)
    check_capabilities(template, request.get("Capabilities", []))
    name = request["StackName"]
    wanted = _wanted(template, request, {})
    on_failure = "DO_NOTHING" if request.get("DisableRollback") else request.get("OnFailure", "ROLLBACK")
    body = {**wanted, "OnFailure": on_failure, "Resources": {}, "Outputs": [], "Events": []}
    identifier = stack_id(context, name)
    try:
        context.store.insert(STACK, name, identifier, body, "CREATE_IN_PROGRESS")
    except RecordExists as error:
        raise AlreadyExists(f"Stack [{name}] already exists") from error
    StackBook(context, name).set_status("CREATE_IN_PROGRESS", "User Initiated")
    context.workers["stacks"].start(STACK, name)
    return {"StackId": identifier}


def update_stack(context: Context, request: Mapping[str, Any]) -> Answer:
    record = find_stack(context, request["StackName"])
    template = (
        parse_template(record.body["Template"]) if request.get("UsePreviousTemplate") else _template(context, request)
    )
    check_capabilities(template, request.get("Capabilities", []))
    wanted = _wanted(template, request, record.body["Parameters"])
    if "Tags" not in request:
        wanted["Tags"] = record.body["Tags"]

    def change(now: Record) -> tuple[str, dict[str, Any]]:
        if now.status not in STABLE_TO_UPDATE:
            raise ValidationError(f"Stack:{now.arn} is in {now.status} state and can not be updated.")
        if all(now.body[member] == wanted[member] for member in ("Template", "Parameters", "Tags")):
            raise ValidationError("No updates are to be performed.")
        return "UPDATE_IN_PROGRESS", {**now.body, "Next": wanted}

    context.store.edit(STACK, record.name, change)
    StackBook(context, record.name).set_status("UPDATE_IN_PROGRESS", "User Initiated")
    context.workers["stacks"].start(STACK, record.name)
    return {"StackId": record.arn}


def delete_stack(context: Context, request: Mapping[str, Any]) -> Answer:
    try:
        record = find_stack(context, request["StackName"])
    except ValidationError:
        return {}  # as on the service, what is not there is deleted already

    def change(now: Record) -> tuple[str, dict[str, Any]]:
        if str(now.status).endswith("_IN_PROGRESS"):
            raise ValidationError(f"Stack:{now.arn} is in {now.status} state and can not be deleted.")
        return "DELETE_IN_PROGRESS", now.body

    context.store.edit(STACK, record.name, change)
    StackBook(context, record.name).set_status("DELETE_IN_PROGRESS", "User Initiated")
    context.workers["stacks"].start(STACK, record.name)
    return {}


def describe_stacks(context: Context, request: Mapping[str, Any]) -> Answer:
    name = request.get("StackName")
    records = [find_stack(context, name)] if name else context.store.all(STACK)
    return {"Stacks": [_description(record) for record in records]}


def list_stacks(context: Context, request: Mapping[str, Any]) -> Answer:
    wanted = request.get("StackStatusFilter")
    records = [record for record in context.store.all(STACK) if not wanted or record.status in wanted]
    members = ("StackId", "StackName", "CreationTime", "LastUpdatedTime", "StackStatus", "StackStatusReason")
    found = [_description(record) for record in records]
    return {"StackSummaries": [{name: one[name] for name in members if name in one} for one in found]}


def describe_stack_events(context: Context, request: Mapping[str, Any]) -> Answer:
    return {"StackEvents": find_stack(context, request["StackName"]).body["Events"][::-1]}


def describe_stack_resources(context: Context, request: Mapping[str, Any]) -> Answer:
    record = find_stack(context, request["StackName"])
    wanted = request.get("LogicalResourceId")
    found = [one for one in _resources(record) if wanted in (None, one["LogicalResourceId"])]
    owner = {"StackName": record.name, "StackId": record.arn}
    return {"StackResources": [{**owner, **one} for one in found]}


def list_stack_resources(context: Context, request: Mapping[str, Any]) -> Answer:
    found = _resources(find_stack(context, request["StackName"]))
    return {
        "StackResourceSummaries": [
            {"LastUpdatedTimestamp" if name == "Timestamp" else name: value for name, value in one.items()}
            for one in found
        ]
    }


def get_template(context: Context, request: Mapping[str, Any]) -> Answer:
    return {"TemplateBody": find_stack(context, request["StackName"]).body["Template"]}


def validate_template(context: Context, request: Mapping[str, Any]) -> Answer:
    template = _template(context, request)
    roles = [one for one in template.resources.values() if one.type.startswith("AWS::IAM::")]
    named = any("RoleName" in one.properties for one in roles)
    parameters = [
        {
            "ParameterKey": name,
            "NoEcho": bool(rules.get("NoEcho")),
            **({"DefaultValue": str(rules["Default"])} if "Default" in rules else {}),
            **({"Description": rules["Description"]} if "Description" in rules else {}),
        }
        for name, rules in template.parameters.items()
    ]
    answer: Answer = {"Parameters": parameters, "Capabilities": [NAMED_IAM if named else IAM] if roles else []}
    return {**answer, **({"Description": template.description} if template.description else {})}


OPERATIONS: dict[str, Callable[[Context, Mapping[str, Any]], Answer]] = {
    "CreateStack": create_stack,
    "UpdateStack": update_stack,
    "DeleteStack": delete_stack,
    "DescribeStacks": describe_stacks,
    "ListStacks": list_stacks,
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResources": describe_stack_resources,
    "ListStackResources": list_stack_resources,
    "GetTemplate": get_template,
    "ValidateTemplate": validate_template,
}


def call(context: Context, operation: str, request: Mapping[str, Any]) -> Answer:
    """Answer one API call. Raises CloudFormationError."""
    if operation not in OPERATIONS:
        raise UnsupportedOperation(f"{operation} is not supported by this local AWS.")
    return OPERATIONS[operation](context, request)


def _template(context: Context, request: Mapping[str, Any]) -> Template:
    for member in UNSUPPORTED:
        if member in request:
            raise ValidationError(f"{member} is not supported by this local AWS.")
    if "TemplateBody" in request:
        text = request["TemplateBody"]
    elif "TemplateURL" in request:
        text = _fetch(context, request["TemplateURL"])
    else:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    template = parse_template(text)
    check_template(template)
    return template


def _fetch(context: Context, url: str) -> str:
    """The object in this server's S3 at an https, path-style or local URL."""
    bucket, _, key = url.partition("://")[2].partition("/")[2].partition("/")
    try:
        return context.objects.read(bucket, key).decode()
    except (ObjectNotFound, UnicodeDecodeError) as error:
        raise ValidationError(f"S3 error: {url}: {error}") from error


def _wanted(template: Template, request: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Template": template.text,
        "Description": template.description,
        "Parameters": parameter_values(template.parameters, request.get("Parameters", []), before),
        "Hidden": [name for name, rules in template.parameters.items() if rules.get("NoEcho")],
        "Tags": [dict(tag) for tag in request.get("Tags", [])],
        "Capabilities": list(request.get("Capabilities", [])),
    }


def _description(record: Record) -> Answer:
    body = record.body
    parameters = [
        {"ParameterKey": name, "ParameterValue": "****" if name in body["Hidden"] else value}
        for name, value in body["Parameters"].items()
    ]
    found = {
        "StackId": record.arn,
        "StackName": record.name,
        "Description": body.get("Description"),
        "Parameters": parameters,
        "CreationTime": record.created,
        "LastUpdatedTime": record.modified,
        "StackStatus": record.status,
        "StackStatusReason": body.get("StackStatusReason"),
        "DisableRollback": body["OnFailure"] == "DO_NOTHING",
        "Capabilities": body["Capabilities"],
        "Outputs": body["Outputs"],
        "Tags": body["Tags"],
    }
    return {member: value for member, value in found.items() if value is not None}


def _resources(record: Record) -> list[Answer]:
    return [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": str(one.get("PhysicalId", "")),
            "ResourceType": one["Type"],
            "Timestamp": one["Timestamp"],
            "ResourceStatus": one["Status"],
            **({"ResourceStatusReason": one["Reason"]} if one.get("Reason") else {}),
        }
        for name, one in record.body["Resources"].items()
    ]


__all__ = ["OPERATIONS", "STACK_TYPE", "call"]
