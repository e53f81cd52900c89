"""The inference workflow's stack: deployed from its one template, found again, deleted. boto3 only."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.session import Target
from pipelines.source_code import PROJECT_ROOT
from pipelines.stacks import (
    Sleep,
    Stack,
    StackMissing,
    Watch,
    apply_stack,
    check_parameters,
    delete_stack,
    find_stack,
    ready_stack,
    request_parameters,
    resources,
)
from pipelines.workflow.packaging import Packager

TEMPLATE = PROJECT_ROOT / "inference_workflow" / "template.yaml"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
# those that this module sets; every other one is the operator's
OWN_PARAMETERS = frozenset({"WorkflowName"})


@dataclass(frozen=True)
class Workflow:
    """A deployed workflow: the outputs of its stack."""

    stack: str
    state_machine_arn: str
    bulk_state_machine_arn: str
    bucket: str
    review_queue_url: str
    endpoint: str


def deploy_workflow(
    target: Target,
    name: str,
    defaults: Mapping[str, str],
    values: Mapping[str, str],
    *,
    sleep: Sleep = time.sleep,
    watch: Watch = lambda status: None,
) -> Stack:
    """Make the stack, or bring it up to date with the template, the functions' code and these parameters.

    A parameter that is not among `values` keeps the value that it has, or gets that of `defaults`; names in the stack
    begin with its own. Raises ParameterUnknown, StackFailed, TemplateUnusable.
    """
    cloudformation = target.client("cloudformation")
    template = Packager(target.client("s3"), target.bucket).package(TEMPLATE)
    check_parameters(values, template.parameters - OWN_PARAMETERS, "the workflow's")
    before = find_stack(cloudformation, name)
    kept = template.parameters & set(before.parameters) if before else frozenset()
    own = {"PowertoolsLayerArn": powertools_layer(target), **values, "WorkflowName": name}
    request = {
        "TemplateURL": template.url,
        "Parameters": request_parameters({**_new(defaults, kept), **own}, kept),
        "Capabilities": CAPABILITIES,
    }
    return apply_stack(cloudformation, name, request, sleep=sleep, watch=watch)


def find_workflow(target: Target, name: str) -> Workflow:
    """The workflow that the stack of this name made. Raises StackMissing."""
    stack = ready_stack(target.client("cloudformation"), name, _missing(name), "`scones workflow status` says more")
    outputs = stack.outputs
    return Workflow(
        stack=name,
        state_machine_arn=outputs["StateMachineArn"],
        bulk_state_machine_arn=outputs["BulkStateMachineArn"],
        bucket=outputs["ImageBucketName"],
        review_queue_url=outputs["ReviewQueueUrl"],
        endpoint=outputs["EndpointName"],
    )


def _missing(name: str) -> str:
    return f"no workflow {name}: `scones workflow deploy` makes it"


def require_stack(target: Target, name: str) -> Stack:
    """The stack in whatever state. Raises StackMissing."""
    stack = find_stack(target.client("cloudformation"), name)
    if stack is None:
        raise StackMissing(_missing(name))
    return stack


def delete_workflow(target: Target, name: str, *, sleep: Sleep = time.sleep, watch: Watch = lambda status: None) -> str:
    """Delete the stack; the name of the bucket, which stays with its pictures. Raises StackMissing, StackFailed."""
    bucket = require_stack(target, name).outputs.get("ImageBucketName", "")
    delete_stack(target.client("cloudformation"), name, sleep=sleep, watch=watch)
    return bucket


def powertools_layer(target: Target) -> str:
    """The ARN of the Powertools layer of the target's region; empty where the runtime has Powertools already."""
    if target.powertools_parameter is None:
        return ""
    found = target.client("ssm").get_parameter(Name=target.powertools_parameter)
    return str(found["Parameter"]["Value"])


def inert(target: Target, name: str) -> dict[str, str]:
    """What CloudFormation remarks on resources that are there, by their logical ids."""
    found = resources(target.client("cloudformation"), name)
    return {one.logical_id: one.reason for one in found if one.reason and one.status.endswith("_COMPLETE")}


def _new(defaults: Mapping[str, str], kept: Iterable[str]) -> dict[str, str]:
    return {name: value for name, value in defaults.items() if name not in kept}
