"""An approver's decision on a registered version: checked, and kept in the registry with who, when and why. boto3 only.

Approving starts the deployment pipeline by an event (pipelines/deployment/template.yaml): nothing here does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from pipelines.executions import list_executions
from pipelines.names import DEPLOYMENT_PIPELINE_NAME
from pipelines.registry import ModelVersion

APPROVED = "Approved"
REJECTED = "Rejected"
PENDING = "PendingManualApproval"
DECIDED_BY = "decided_by"
DECIDED_AT = "decided_at"
# UpdateModelPackage's limits, in botocore's service model: ApprovalDescription, a value of CustomerMetadataProperties
LONGEST_REASON = 1024
LONGEST_VALUE = 256
NOT_IN_VALUES = re.compile(r"[^\w .:/=+\-@]")


class ReasonMissing(ValueError):
    """A decision needs a reason."""


class DecisionRefused(ValueError):
    """The version is not one to decide on; the message says why."""


@dataclass(frozen=True)
class Decision:
    """`status` is Approved or Rejected; `by` is who decided, in any form that a person understands."""

    status: str
    reason: str
    by: str
    at: datetime


def check_reason(reason: str) -> str:
    """The reason without white space around it. Raises ReasonMissing."""
    stripped = " ".join(reason.split())
    if not stripped:
        raise ReasonMissing("--reason is empty: say why, it stays in the registry")
    if len(stripped) > LONGEST_REASON:
        raise ReasonMissing(f"--reason has {len(stripped)} characters: the registry keeps {LONGEST_REASON}")
    return stripped


def check_decidable(version: ModelVersion, status: str, force: bool = False) -> None:
    """Raises DecisionRefused for a package that did not complete, or that is decided already unless forced."""
    if version.status != "Completed" and status == APPROVED:
        raise DecisionRefused(f"version {version.version} cannot be approved: its package is {version.status}")
    if version.approval_status != PENDING and not force:
        told = f"version {version.version} is {version.approval_status} already{_by(version)}"
        raise DecisionRefused(f"{told}: say --force to decide again")


def decide(sagemaker: Any, version: ModelVersion, decision: Decision) -> None:
    """Write the decision into the registry. An earlier one stays, behind the new reason, as far as there is room."""
    moment = decision.at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    sagemaker.update_model_package(
        ModelPackageArn=version.arn,
        ModelApprovalStatus=decision.status,
        ApprovalDescription=(decision.reason + _before(version))[:LONGEST_REASON],
        CustomerMetadataProperties={
            DECIDED_BY: NOT_IN_VALUES.sub("-", decision.by)[:LONGEST_VALUE],
            DECIDED_AT: moment,
        },
    )


def deployment_of(sagemaker: Any, package_arn: str, since: datetime) -> str | None:
    """The newest execution of the deployment pipeline for this package that was started since; its ARN, or None."""
    for execution in list_executions(sagemaker, DEPLOYMENT_PIPELINE_NAME):
        if execution["StartTime"] < since:
            return None
        arn = str(execution["PipelineExecutionArn"])
        answer = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
        if {"Name": "ModelPackageArn", "Value": package_arn} in answer["PipelineParameters"]:
            return arn
    return None


def _before(version: ModelVersion) -> str:
    if version.approval_status == PENDING:
        return ""
    return f" [before: {version.approval_status}{_by(version)}: {version.reason or 'no reason given'}]"


def _by(version: ModelVersion) -> str:
    by, at = version.metadata.get(DECIDED_BY), version.metadata.get(DECIDED_AT)
    return f", by {by} at {at}" if by and at else ""
