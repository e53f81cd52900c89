"""The CloudFormation stack of the deployment pipeline: its function, made or brought up to date. boto3 only."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pipelines.function_archive import stage_archive
from pipelines.names import SAFEGUARDS_FUNCTION_NAME
from pipelines.session import Target
from pipelines.source_code import read_tree
from pipelines.stacks import Sleep, apply_stack

STACK_NAME = "scones-deployment"
FOLDER = Path(__file__).resolve().parent
TEMPLATE = FOLDER / "template.yaml"
FUNCTION_FOLDER = FOLDER / "endpoint_safeguards"


def deploy_stack(target: Target, *, sleep: Sleep = time.sleep) -> str:
    """Makes the stack, or brings it up to date with the template and the function's code; returns the function's ARN.

    Without a change nothing is done. Raises StackFailed.
    """
    key = stage_function(target.client("s3"), target.bucket)
    values = {
        "CodeBucket": target.bucket,
        "CodeKey": key,
        "FunctionName": SAFEGUARDS_FUNCTION_NAME,
        "ModelBucket": target.bucket,
        "MonitoringRoleArn": target.role_arn,
    }
    request = {
        "TemplateBody": TEMPLATE.read_text(encoding="utf-8"),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        "Capabilities": ["CAPABILITY_IAM"],
    }
    stack = apply_stack(target.client("cloudformation"), STACK_NAME, request, sleep=sleep)
    return stack.outputs["FunctionArn"]


def stage_function(s3: Any, bucket: str) -> str:
    """Uploads the function's archive, if it is not there yet; returns its key."""
    files = {f"{FUNCTION_FOLDER.name}/{name}": content for name, content in read_tree(FUNCTION_FOLDER).items()}
    return stage_archive(s3, bucket, SAFEGUARDS_FUNCTION_NAME, files)
