"""The CloudFormation stack of the deployment pipeline: its function, made or brought up to date. boto3 only."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pipelines.names import SAFEGUARDS_FUNCTION_NAME
from pipelines.session import Target
from pipelines.source_code import object_exists, read_tree, tree_digest

STACK_NAME = "scones-deployment"
FOLDER = Path(__file__).resolve().parent
TEMPLATE = FOLDER / "template.yaml"
FUNCTION_FOLDER = FOLDER / "endpoint_safeguards"
CODE_PREFIX = "scones/functions"
POLL_SECONDS = 1.0
WAIT_SECONDS = 900.0
READY = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
SUCCESS = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
# zip's own beginning of time
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

Sleep = Callable[[float], None]


class StackFailed(RuntimeError):
    """The stack could not be made or updated; the message has the first thing that failed."""


def deploy_stack(target: Target, *, sleep: Sleep = time.sleep) -> str:
    """Makes the stack, or brings it up to date with the template and the function's code; returns the function's ARN.

    Waits until that is done, at most WAIT_SECONDS. Without a change nothing is done. Raises StackFailed.
    """
    key = stage_function(target.client("s3"), target.bucket)
    cloudformation = target.client("cloudformation")
    request = {
        "StackName": STACK_NAME,
        "TemplateBody": TEMPLATE.read_text(encoding="utf-8"),
        "Parameters": _parameters(
            {"CodeBucket": target.bucket, "CodeKey": key, "FunctionName": SAFEGUARDS_FUNCTION_NAME}
        ),
        "Capabilities": ["CAPABILITY_IAM"],
    }
    before = _settled(cloudformation, sleep)
    if before is None:
        cloudformation.create_stack(**request)
    else:
        _require_updatable(before)
        if not _update(cloudformation, request):
            return _output(before, "FunctionArn")
    after = _settled(cloudformation, sleep)
    if after is None or after["StackStatus"] not in SUCCESS:
        raise StackFailed(f"stack {STACK_NAME} failed: {first_failure(_events(cloudformation))}")
    return _output(after, "FunctionArn")


def stage_function(s3: Any, bucket: str) -> str:
    """Uploads the function's archive under a key made from its content, if it is not there yet; returns the key."""
    files = {f"{FUNCTION_FOLDER.name}/{name}": content for name, content in read_tree(FUNCTION_FOLDER).items()}
    key = f"{CODE_PREFIX}/{SAFEGUARDS_FUNCTION_NAME}/{tree_digest(files)}.zip"
    if not object_exists(s3, bucket, key):
        s3.put_object(Bucket=bucket, Key=key, Body=deterministic_zip(files))
    return key


def deterministic_zip(files: Mapping[str, bytes]) -> bytes:
    """A zip archive whose bytes depend on nothing but names and contents."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, date_time=ZIP_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            # Lambda runs as another user than the owner: readable for all
            member.external_attr = 0o644 << 16
            zipped.writestr(member, files[name])
    return archive.getvalue()


def first_failure(events: Sequence[Mapping[str, Any]]) -> str:
    """What failed first in the stack's latest operation. `events` as DescribeStackEvents has them, newest first."""
    failed = "no reason given"
    for event in events:
        status = event["ResourceStatus"]
        if status.endswith("_FAILED"):
            reason = " ".join(event.get("ResourceStatusReason", status).split())
            failed = f"{event['LogicalResourceId']}: {reason}"
        if event["LogicalResourceId"] == STACK_NAME and status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
            break
    return failed


def _update(cloudformation: Any, request: Mapping[str, Any]) -> bool:
    """False if there was nothing to update."""
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" in error.response["Error"].get("Message", ""):
            return False
        raise
    return True


def _require_updatable(stack: Mapping[str, Any]) -> None:
    if stack["StackStatus"] not in READY:
        raise StackFailed(
            f"stack {STACK_NAME} is {stack['StackStatus']} and cannot be updated: delete it with "
            f"`aws cloudformation delete-stack --stack-name {STACK_NAME}`, then try again"
        )


def _settled(cloudformation: Any, sleep: Sleep) -> dict[str, Any] | None:
    """The stack when nothing is under way on it, None if there is none."""
    waited = 0.0
    stack = _describe(cloudformation)
    while stack is not None and stack["StackStatus"].endswith("_IN_PROGRESS"):
        if waited >= WAIT_SECONDS:
            raise StackFailed(f"stack {STACK_NAME} is {stack['StackStatus']} since {waited:g} s: look at its events")
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS
        stack = _describe(cloudformation)
    return stack


def _describe(cloudformation: Any) -> dict[str, Any] | None:
    try:
        stacks = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    return next((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), None)


def _events(cloudformation: Any) -> list[dict[str, Any]]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK_NAME)
    return [event for page in pages for event in page["StackEvents"]]


def _output(stack: Mapping[str, Any], name: str) -> str:
    return next(str(output["OutputValue"]) for output in stack["Outputs"] if output["OutputKey"] == name)


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
