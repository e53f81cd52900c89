"""Decisions on registered versions: who may be decided on, and what the registry keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pipelines.decisions import (
    APPROVED,
    REJECTED,
    Decision,
    DecisionRefused,
    ReasonMissing,
    check_decidable,
    check_reason,
    decide,
    deployment_of,
)
from pipelines.registry import ModelVersion

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/Group/3"
PENDING_VERSION = ModelVersion(3, ARN, "Completed", "PendingManualApproval", 0.9, NOW, None, None, {})
DECIDED_VERSION = replace(
    PENDING_VERSION,
    approval_status="Approved",
    reason="good enough",
    metadata={"decided_by": "ada", "decided_at": "2030-01-01T00:00:00Z"},
)
MODEL = botocore.session.get_session().get_service_model("sagemaker")


class SageMaker:
    """Keeps what is written, held to botocore's model; has executions with their parameters, newest first."""

    def __init__(self, *executions: tuple[str, datetime, str]) -> None:
        self.written: dict[str, Any] = {}
        self.executions = executions

    def update_model_package(self, **request: Any) -> None:
        report = ParamValidator().validate(request, MODEL.operation_model("UpdateModelPackage").input_shape)
        assert not report.has_errors(), report.generate_report()
        self.written = request

    def get_paginator(self, operation: str) -> SageMaker:
        assert operation == "list_pipeline_executions"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        assert request["PipelineName"] == "SconesDeployment"
        return [
            {"PipelineExecutionSummaries": [{"PipelineExecutionArn": arn, "StartTime": started}]}
            for arn, started, _ in self.executions
        ]

    def list_pipeline_parameters_for_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:
        (package,) = [package for arn, _, package in self.executions if arn == PipelineExecutionArn]
        return {"PipelineParameters": [{"Name": "ModelPackageArn", "Value": package}]}


@pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
def test_a_reason_is_required(reason):
    with pytest.raises(ReasonMissing, match="say why"):
        check_reason(reason)


def test_a_reason_is_one_line_that_the_registry_can_keep():
    assert check_reason("  looks\n good ") == "looks good"
    with pytest.raises(ReasonMissing, match="1025 characters: the registry keeps 1024"):
        check_reason("x" * 1025)


def test_a_pending_version_is_decided_on():
    check_decidable(PENDING_VERSION, APPROVED)
    check_decidable(PENDING_VERSION, REJECTED)


def test_a_package_that_failed_cannot_be_approved_even_by_force_but_rejected():
    failed = replace(PENDING_VERSION, status="Failed")
    with pytest.raises(DecisionRefused, match="its package is Failed"):
        check_decidable(failed, APPROVED, force=True)
    check_decidable(failed, REJECTED)


@pytest.mark.parametrize("status", [APPROVED, REJECTED])
def test_what_is_decided_is_decided_again_by_force_alone(status):
    told = "version 3 is Approved already, by ada at 2030-01-01T00:00:00Z: say --force"
    with pytest.raises(DecisionRefused, match=told):
        check_decidable(DECIDED_VERSION, status)
    check_decidable(DECIDED_VERSION, status, force=True)


def test_the_registry_keeps_who_when_and_why():
    sagemaker = SageMaker()
    decide(sagemaker, PENDING_VERSION, Decision(APPROVED, "better <b>", "ada; as arn:aws:iam::1:user/ada", NOW))
    assert sagemaker.written == {
        "ModelPackageArn": ARN,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "better <b>",
        # of the characters that the service takes
        "CustomerMetadataProperties": {
            "decided_by": "ada- as arn:aws:iam::1:user/ada",
            "decided_at": "2030-01-02T03:04:05Z",
        },
    }


def test_an_earlier_decision_stays_behind_the_new_one():
    sagemaker = SageMaker()
    decide(sagemaker, DECIDED_VERSION, Decision(REJECTED, "drifts", "bob", NOW))
    assert sagemaker.written["ApprovalDescription"] == (
        "drifts [before: Approved, by ada at 2030-01-01T00:00:00Z: good enough]"
    )
    decide(sagemaker, DECIDED_VERSION, Decision(REJECTED, "x" * 1020, "bob", NOW))
    assert len(sagemaker.written["ApprovalDescription"]) == 1024


def test_the_time_is_that_of_utc():
    sagemaker = SageMaker()
    decide(sagemaker, PENDING_VERSION, Decision(APPROVED, "r", "b", NOW.astimezone(timezone(timedelta(hours=9)))))
    assert sagemaker.written["CustomerMetadataProperties"]["decided_at"] == "2030-01-02T03:04:05Z"


def test_the_deployment_of_an_approval_is_that_of_its_package_started_since():
    second = timedelta(seconds=1)
    sagemaker = SageMaker(("of-another", NOW + second, "other"), ("mine", NOW, ARN), ("before", NOW - second, ARN))
    assert deployment_of(sagemaker, ARN, NOW) == "mine"
    assert deployment_of(sagemaker, ARN, NOW + second) is None
    assert deployment_of(SageMaker(), ARN, NOW) is None
