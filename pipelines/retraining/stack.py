"""The stack that retrains without anyone: the build of this repository, and what starts it.

Made from pipelines/retraining/template.yaml, brought up to date with it and with this tree, or left alone. boto3 only.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.names import RETRAINING_STACK_NAME, WORKFLOW_STACK_NAME
from pipelines.session import Target
from pipelines.source_code import PROJECT_ROOT
from pipelines.stacks import (
    READY,
    Sleep,
    Stack,
    Watch,
    apply_stack,
    check_parameters,
    delete_stack,
    find_stack,
    ready_stack,
    request_parameters,
    template_parameters,
)
from seed_code.package import upload_seed

TEMPLATE = Path(__file__).resolve().parent / "template.yaml"
# those that this module sets; every other one is the operator's
OWN_PARAMETERS = frozenset({"SourceBucket", "SourceKey", "ArtifactBucket", "PipelineRoleArn"})
# those that make it a SageMaker project's, whose template nests this one
OF_A_PROJECT = frozenset({"SageMakerProjectName", "SageMakerProjectId"})


@dataclass(frozen=True)
class RetrainingStack:
    """A deployed stack: its outputs, and `source_key`, the seed that a build is made of."""

    name: str
    status: str
    build_project: str
    build_project_arn: str
    log_group: str
    source_key: str
    topic_arn: str
    undelivered_queue_url: str


def deploy_retraining_stack(
    target: Target,
    values: Mapping[str, str] | None = None,
    *,
    name: str = RETRAINING_STACK_NAME,
    root: Path = PROJECT_ROOT,
    sleep: Sleep = time.sleep,
    watch: Watch = lambda status: None,
) -> RetrainingStack:
    """Upload the seed of the project in `root`, and make the stack or bring it up to date with it, the template and
    these parameters.

    `values` are parameters of the template by name, such as NotificationEmail, BuildTimeoutMinutes,
    WaitForExecution; one that is not among them keeps the value that it has, or the template's default. Without a
    change nothing is done. Raises ParameterUnknown, SeedRefused, StackFailed.
    """
    chosen, cloudformation = dict(values or {}), target.client("cloudformation")
    template = TEMPLATE.read_text(encoding="utf-8")
    known = template_parameters(cloudformation, template)
    check_parameters(chosen, known - OWN_PARAMETERS - OF_A_PROJECT, "the retraining's")
    source = upload_seed(target.client("s3"), target.bucket, root)
    own = {
        **_pictures(target),
        **chosen,
        "SourceBucket": source.bucket,
        "SourceKey": source.key,
        "ArtifactBucket": target.bucket,
        "PipelineRoleArn": target.role_arn,
    }
    before = find_stack(cloudformation, name)
    kept = set(before.parameters) & known if before else set()
    request = {
        "TemplateBody": template,
        "Parameters": request_parameters(own, kept),
        "Capabilities": ["CAPABILITY_IAM"],
    }
    return _read(apply_stack(cloudformation, name, request, sleep=sleep, watch=watch))


def ensure_retraining_stack(
    target: Target,
    values: Mapping[str, str] | None = None,
    *,
    name: str = RETRAINING_STACK_NAME,
    root: Path = PROJECT_ROOT,
    sleep: Sleep = time.sleep,
    watch: Watch = lambda status: None,
) -> RetrainingStack:
    """The stack, made as `deploy_retraining_stack` does where it is missing, and else left as it is.

    Raises ParameterUnknown, SeedRefused, StackFailed.
    """
    found = find_stack(target.client("cloudformation"), name)
    if found is not None and found.status in READY:
        return _read(found)
    return deploy_retraining_stack(target, values, name=name, root=root, sleep=sleep, watch=watch)


def find_retraining_stack(target: Target, name: str = RETRAINING_STACK_NAME) -> RetrainingStack:
    """Raises StackMissing where there is none, or it is not in order."""
    missing = f"no stack {name}: nothing retrains by itself here"
    return _read(ready_stack(target.client("cloudformation"), name, missing))


def delete_retraining_stack(
    target: Target,
    name: str = RETRAINING_STACK_NAME,
    *,
    sleep: Sleep = time.sleep,
    watch: Watch = lambda status: None,
) -> None:
    """Delete the stack and wait until it is gone; seeds and reports stay. Raises StackMissing, StackFailed."""
    delete_stack(target.client("cloudformation"), name, sleep=sleep, watch=watch)


def _pictures(target: Target) -> dict[str, str]:
    """The bucket of the workflow's pictures, which people answer for, if there is the workflow."""
    workflow = find_stack(target.client("cloudformation"), WORKFLOW_STACK_NAME)
    bucket = workflow.outputs.get("ImageBucketName") if workflow else None
    return {"ImageBucket": bucket} if bucket else {}


def _read(stack: Stack) -> RetrainingStack:
    outputs = stack.outputs
    return RetrainingStack(
        name=stack.name,
        status=stack.status,
        build_project=outputs["BuildProjectName"],
        build_project_arn=outputs["BuildProjectArn"],
        log_group=outputs["LogGroupName"],
        source_key=stack.parameters["SourceKey"],
        topic_arn=outputs["TopicArn"],
        undelivered_queue_url=outputs["UndeliveredUrl"],
    )
