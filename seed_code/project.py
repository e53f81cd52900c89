"""A project in an account: template.yml with all that it names uploaded, and a stack made of it. boto3 only."""

from __future__ import annotations

import re
import secrets
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.session import Target
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
    resources,
)
from seed_code.packaging import ArchiveInS3, package_project, read_template

CAPABILITIES = ["CAPABILITY_IAM"]
NESTED = "AWS::CloudFormation::Stack"
# those that this module sets; every other one is the operator's
OWN_PARAMETERS = frozenset({"SageMakerProjectName", "SageMakerProjectId"})
# outputs that name what outlives the stack
KEPT = ("ArtifactBucketName", "KeyArn", "ModelPackageGroupName", "ImageBucketName")
# SageMaker's own: AllowedPattern and MaxLength of the template
PROJECT_NAME = re.compile(r"[a-zA-Z](-*[a-zA-Z0-9]){0,31}")
LONGEST_NAME = 32


class ProjectNameInvalid(ValueError):
    """SageMaker would not take a project of that name."""


@dataclass(frozen=True)
class Project:
    """A deployed project: its stack's outputs. `id` is as SageMaker makes them, and part of the bucket's name."""

    name: str
    id: str
    stack: str
    status: str
    bucket: str
    key_arn: str
    role_arn: str
    model_package_group: str
    build_project: str
    endpoint: str
    state_machine_arn: str
    topic_arn: str


def deploy_project(
    target: Target,
    name: str,
    source: ArchiveInS3,
    values: Mapping[str, str] | None = None,
    *,
    sleep: Sleep = time.sleep,
    watch: Watch = lambda status: None,
) -> Project:
    """Make the project's stack, or bring it up to date with the templates, the code and these parameters.

    The templates and the functions' code go to the target's bucket. `source` is what is built where no connection to
    GitHub is among `values`, which are parameters of the template by name; one that is not among them keeps the value
    that it has, or the template's default. Deploying the same twice changes nothing. A source under another key than
    before is built, as a push is. Raises ProjectNameInvalid, ParameterUnknown, StackFailed, TemplateUnusable.
    """
    check_name(name)
    chosen = dict(values or {})
    check_parameters(chosen, set(read_template()["Parameters"]) - OWN_PARAMETERS, "the project's")
    packaged = package_project(target, source)
    cloudformation = target.client("cloudformation")
    before = find_stack(cloudformation, stack_name(name))
    project_id = before.parameters["SageMakerProjectId"] if before else _new_id()
    own = {"SageMakerProjectName": name, "SageMakerProjectId": project_id}
    given = {**packaged.defaults, **chosen, **own}
    kept = (set(before.parameters) & packaged.parameters) - set(given) if before else set()
    request = {
        "TemplateURL": packaged.url,
        "Parameters": [
            *({"ParameterKey": key, "ParameterValue": value} for key, value in given.items()),
            *({"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)),
        ],
        "Capabilities": CAPABILITIES,
        # as SageMaker tags what it makes for a project
        "Tags": [
            {"Key": "sagemaker:project-name", "Value": name},
            {"Key": "sagemaker:project-id", "Value": project_id},
        ],
    }
    after = apply_stack(cloudformation, stack_name(name), request, sleep=sleep, watch=watch)
    project = _read(name, after)
    if before and _built_from(before) != _built_from(after):
        # no event tells of it: the archive was there before the project's rule looked for it
        target.client("codebuild").start_build(projectName=project.build_project)
    return project


def find_project(target: Target, name: str) -> Project:
    """Raises StackMissing where there is none, or its stack is not in order."""
    missing = f"no project {name}: there is no stack {stack_name(name)}"
    return _read(name, ready_stack(target.client("cloudformation"), stack_name(name), missing))


def delete_project(
    target: Target, name: str, *, sleep: Sleep = time.sleep, watch: Watch = lambda status: None
) -> list[str]:
    """Delete the project's stack, also one that failed, and wait until it is gone.

    Returns what stays: bucket, key, model package group, and the workflow's bucket; nothing of one that was never
    there as a whole. Raises StackMissing, StackFailed.
    """
    cloudformation = target.client("cloudformation")
    found = find_stack(cloudformation, stack_name(name))
    if found is None:
        raise StackMissing(f"no project {name}: there is no stack {stack_name(name)}")
    delete_stack(cloudformation, stack_name(name), sleep=sleep, watch=watch)
    return [found.outputs[output] for output in KEPT if output in found.outputs]


def inert(target: Target, name: str) -> dict[str, str]:
    """What CloudFormation remarks on the project's resources that are there, by Stack/Resource, nested ones too."""
    return dict(_remarks(target.client("cloudformation"), stack_name(name), ""))


def stack_name(name: str) -> str:
    """The name of the stack of the project of this name."""
    return f"project-{name}"


def check_name(name: str) -> None:
    """Raises ProjectNameInvalid."""
    if not PROJECT_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ProjectNameInvalid(
            f"project name {name!r}: give letters, digits and single hyphens, a letter first, at most {LONGEST_NAME}"
        )


def _remarks(cloudformation: Any, stack: str, above: str) -> list[tuple[str, str]]:
    found = []
    for one in resources(cloudformation, stack):
        if one.type == NESTED:
            found += _remarks(cloudformation, one.physical_id, f"{above}{one.logical_id}/")
        elif one.reason and one.status.endswith("_COMPLETE"):
            found.append((f"{above}{one.logical_id}", one.reason))
    return found


def _built_from(stack: Stack) -> tuple[str, ...]:
    """The archive that the project's builds take, nothing where they take a branch."""
    parameters = stack.parameters
    return () if parameters["ConnectionArn"] else (parameters["SourceBucket"], parameters["SourceKey"])


def _new_id() -> str:
    # p-abcdefghijkl, as SageMaker's are
    letters = string.ascii_lowercase + string.digits
    return "p-" + "".join(secrets.choice(letters) for _ in range(12))


def _read(name: str, stack: Stack) -> Project:
    outputs = stack.outputs
    return Project(
        name=name,
        id=stack.parameters["SageMakerProjectId"],
        stack=stack.name,
        status=stack.status,
        bucket=outputs["ArtifactBucketName"],
        key_arn=outputs["KeyArn"],
        role_arn=outputs["PipelineRoleArn"],
        model_package_group=outputs["ModelPackageGroupName"],
        build_project=outputs["BuildProjectName"],
        endpoint=outputs["EndpointName"],
        state_machine_arn=outputs["StateMachineArn"],
        topic_arn=outputs["TopicArn"],
    )
