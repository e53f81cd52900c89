"""The operations of the CloudFormation API, each a function from request to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.cloudformation.descriptions import (
    describe_resources,
    describe_stack,
    summarize_resources,
    summarize_stack,
)
from local_aws.cloudformation.errors import AlreadyExists, UnsupportedOperation, ValidationError
from local_aws.cloudformation.plan import AUTO_EXPAND, required_capabilities
from local_aws.cloudformation.records import STACK, StackBook, find_stack, stack_id
from local_aws.cloudformation.requests import template_text, wanted_stack
from local_aws.cloudformation.sam import transforms_of
from local_aws.cloudformation.template import load_document, parse_document
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.store import Record, RecordExists

Answer = dict[str, Any]
STABLE_TO_UPDATE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def create_stack(context: Context, request: Mapping[str, Any]) -> Answer:
    name = request["StackName"]
    identifier = stack_id(context, name)
    on_failure = "DO_NOTHING" if request.get("DisableRollback") else request.get("OnFailure", "ROLLBACK")
    wanted = wanted_stack(context, request, name, identifier)
    body = {**wanted, "OnFailure": on_failure, "Resources": {}, "Outputs": [], "Events": []}
    try:
        context.store.insert(STACK, name, identifier, body, "CREATE_IN_PROGRESS")
    except RecordExists as error:
        raise AlreadyExists(f"Stack [{name}] already exists") from error
    StackBook(context, name).set_status("CREATE_IN_PROGRESS", "User Initiated")
    context.workers["stacks"].start(STACK, name)
    return {"StackId": identifier}


def update_stack(context: Context, request: Mapping[str, Any]) -> Answer:
    if request.get("DisableRollback"):
        raise ValidationError("DisableRollback of UpdateStack is not supported by this local AWS.")
    record = find_stack(context, request["StackName"])
    wanted = wanted_stack(context, request, record.name, record.arn, record.body)

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
    if request.get("DeletionMode", "STANDARD") != "STANDARD":
        raise ValidationError(f"DeletionMode {request['DeletionMode']} is not supported by this local AWS.")
    try:
        record = find_stack(context, request["StackName"])
    except ValidationError:
        return {}  # as on the service, what is not there is deleted already
    retain = request.get("RetainResources", [])

    def change(now: Record) -> tuple[str, dict[str, Any]]:
        if str(now.status).endswith("_IN_PROGRESS"):
            raise ValidationError(f"Stack:{now.arn} is in {now.status} state and can not be deleted.")
        if retain and now.status != "DELETE_FAILED":
            raise ValidationError(f"Stack:{now.arn} is in {now.status} state: RetainResources is for DELETE_FAILED.")
        unknown = sorted(set(retain) - set(now.body["Resources"]))
        if unknown:
            raise ValidationError(f"RetainResources: [{', '.join(unknown)}] are not resources of {now.arn}.")
        return "DELETE_IN_PROGRESS", {**now.body, "RetainResources": list(retain)}

    context.store.edit(STACK, record.name, change)
    StackBook(context, record.name).set_status("DELETE_IN_PROGRESS", "User Initiated")
    context.workers["stacks"].start(STACK, record.name)
    return {}


def describe_stacks(context: Context, request: Mapping[str, Any]) -> Answer:
    name = request.get("StackName")
    records = [find_stack(context, name)] if name else context.store.all(STACK)
    return {"Stacks": [describe_stack(record) for record in records]}


def list_stacks(context: Context, request: Mapping[str, Any]) -> Answer:
    wanted = request.get("StackStatusFilter")
    records = [record for record in context.store.all(STACK) if not wanted or record.status in wanted]
    return {"StackSummaries": [summarize_stack(record) for record in records]}


def describe_stack_events(context: Context, request: Mapping[str, Any]) -> Answer:
    return {"StackEvents": find_stack(context, request["StackName"]).body["Events"][::-1]}


def describe_stack_resources(context: Context, request: Mapping[str, Any]) -> Answer:
    found = describe_resources(find_stack(context, request["StackName"]))
    wanted = request.get("LogicalResourceId")
    return {"StackResources": [one for one in found if wanted in (None, one["LogicalResourceId"])]}


def list_stack_resources(context: Context, request: Mapping[str, Any]) -> Answer:
    return {"StackResourceSummaries": summarize_resources(find_stack(context, request["StackName"]))}


def get_template(context: Context, request: Mapping[str, Any]) -> Answer:
    body = find_stack(context, request["StackName"]).body
    processed = request.get("TemplateStage", "Original") == "Processed" and body.get("Processed")
    return {"TemplateBody": processed or body["Template"], "StagesAvailable": ["Original", "Processed"]}


def validate_template(context: Context, request: Mapping[str, Any]) -> Answer:
    """The form of the template; it is not transformed, as on the service."""
    document = load_document(template_text(context, request))
    transforms = transforms_of(document)
    if not transforms:
        parse_document(document)
    parameters = [
        {
            "ParameterKey": name,
            "NoEcho": bool(rules.get("NoEcho")),
            **({"DefaultValue": str(rules["Default"])} if "Default" in rules else {}),
            **({"Description": rules["Description"]} if "Description" in rules else {}),
        }
        for name, rules in (document.get("Parameters") or {}).items()
    ]
    needed = [*required_capabilities(document["Resources"]), *([AUTO_EXPAND] if transforms else [])]
    answer: Answer = {"Parameters": parameters, "Capabilities": needed, "DeclaredTransforms": transforms}
    return {**answer, **({"Description": document["Description"]} if "Description" in document else {})}


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
