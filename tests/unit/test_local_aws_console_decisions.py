"""What may be decided about a version, and what is written."""

from __future__ import annotations

import getpass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from local_aws.console.pages.decisions import DecisionRefused, Draft, decide, os_user, seen_mark
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.store import Record, Store

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


class Registry:
    """One version in a store, and an API that writes down what it is asked for."""

    def __init__(self, folder: Path, status: str = "Completed", **body: Any) -> None:
        self.store = Store(folder / "sagemaker.sqlite", lambda: NOW)
        parts: dict[str, Any] = dict.fromkeys(("objects", "logs", "make_durable"))
        self.context = Context(
            "us-east-1", folder, self.store, endpoint_url="", call=self.call, now=lambda: NOW, **parts
        )
        self.arn = self.context.arn("model-package/cars/1")
        named = {"ModelPackageGroupName": "cars", "ModelPackageVersion": 1}
        self.package = self.store.insert("ModelPackage", "cars/1", self.arn, {**named, **body}, status)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, request))
        return {}

    def draft(self, package: Record, **fields: Any) -> Draft:
        return Draft(**{"decision": "Approved", "reason": "good", "by": "Ada", "seen": seen_mark(package), **fields})


def test_a_decision_is_one_call_of_the_api(tmp_path):
    registry = Registry(tmp_path, ModelApprovalStatus="PendingManualApproval")
    decide(registry.context, registry.arn, registry.draft(registry.package))
    request = {
        "ModelPackageArn": registry.arn,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "good",
        "CustomerMetadataProperties": {"decided_by": "Ada", "decided_at": "2030-01-02T03:04:05Z"},
    }
    assert registry.asked == [("UpdateModelPackage", request)]


@pytest.mark.parametrize("status", ["Failed", "InProgress"])
def test_a_package_that_is_not_complete_can_be_rejected_but_not_approved(tmp_path, status):
    registry = Registry(tmp_path, status, ModelApprovalStatus="PendingManualApproval")
    with pytest.raises(DecisionRefused, match="The version cannot be approved: its package is"):
        decide(registry.context, registry.arn, registry.draft(registry.package))
    decide(registry.context, registry.arn, registry.draft(registry.package, decision="Rejected"))
    assert [request["ModelApprovalStatus"] for _, request in registry.asked] == ["Rejected"]


def test_deciding_again_keeps_the_earlier_decision_as_far_as_there_is_room(tmp_path):
    metadata = {"decided_by": "Grace", "decided_at": "2029-01-01T00:00:00Z"}
    registry = Registry(
        tmp_path, ModelApprovalStatus="Rejected", ApprovalDescription="dark", CustomerMetadataProperties=metadata
    )
    with pytest.raises(DecisionRefused, match="is rejected already, by Grace at 2029-01-01T00:00:00Z"):
        decide(registry.context, registry.arn, registry.draft(registry.package))
    decide(registry.context, registry.arn, registry.draft(registry.package, again=True))
    decide(registry.context, registry.arn, registry.draft(registry.package, again=True, reason="x" * 1020))
    written = [request["ApprovalDescription"] for _, request in registry.asked]
    assert written == ["good [before: Rejected, by Grace at 2029-01-01T00:00:00Z: dark]", "x" * 1020 + " [be"]


def test_a_user_whom_the_system_does_not_know_has_to_say_who_they_are(monkeypatch):
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert os_user() == ""
