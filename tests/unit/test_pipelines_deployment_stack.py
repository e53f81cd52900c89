"""`deploy_stack`: the function's code goes up once, the stack is made, changed, or left alone; failures say why."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines.deployment import stack as module
from pipelines.deployment.stack import STACK_NAME, deploy_stack
from pipelines.function_archive import deterministic_zip
from pipelines.stacks import StackFailed, StackMissing, delete_stack, find_stack, first_failure

ARN = "arn:aws:lambda:us-east-1:123456789012:function:scones-endpoint-safeguards"


def refusal(message: str, code: str = "ValidationError") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


class CloudFormation:
    """One stack; a change takes two looks to settle, and ends as `outcome` says."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.current: dict[str, Any] | None = None
        self.outcome = {"create": "CREATE_COMPLETE", "update": "UPDATE_COMPLETE", "delete": "DELETE_COMPLETE"}
        self.events: list[dict[str, Any]] = []
        self.pending: list[str] = []

    def begin(self, kind: str, request: dict[str, Any]) -> None:
        self.requests.append(request)
        outputs = [{"OutputKey": "FunctionArn", "OutputValue": ARN}]
        self.current = {"StackStatus": f"{kind.upper()}_IN_PROGRESS", "Outputs": outputs}
        self.pending = [f"{kind.upper()}_IN_PROGRESS", self.outcome[kind]]

    def create_stack(self, **request: Any) -> None:
        self.begin("create", request)

    def update_stack(self, **request: Any) -> None:
        if self.requests and request == self.requests[-1]:
            raise refusal("No updates are to be performed.")
        self.begin("update", request)

    def delete_stack(self, StackName: str) -> None:
        assert StackName == STACK_NAME and self.current is not None
        self.current["StackStatus"] = "DELETE_IN_PROGRESS"
        self.pending = ["DELETE_IN_PROGRESS", self.outcome["delete"]]

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self.current is None:
            raise refusal(f"Stack with id {StackName} does not exist")
        found = dict(self.current)
        if self.pending:
            self.current["StackStatus"] = self.pending.pop(0)
        return {"Stacks": [found]}

    def get_paginator(self, operation: str) -> CloudFormation:
        assert operation == "describe_stack_events"
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:
        assert StackName == STACK_NAME
        return [{"StackEvents": self.events[:1]}, {"StackEvents": self.events[1:]}]


class S3:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts = 0

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise refusal("Not Found", "404")
        return {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.puts += 1
        self.objects[Key] = Body


class Place:
    """A target with these two services."""

    bucket = "bucket"
    role_arn = "arn:aws:iam::123456789012:role/Jobs"

    def __init__(self) -> None:
        self.cloudformation, self.s3 = CloudFormation(), S3()
        self.slept = 0.0

    def client(self, service: str) -> Any:
        return {"cloudformation": self.cloudformation, "s3": self.s3}[service]

    def deploy(self) -> str:
        def sleep(seconds: float) -> None:
            self.slept += seconds

        return deploy_stack(self, sleep=sleep)  # type: ignore[arg-type]


@pytest.fixture
def place() -> Place:
    return Place()


def event(resource: str, status: str, reason: str = "") -> dict[str, Any]:
    return {
        "LogicalResourceId": resource,
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
    }


def test_the_stack_is_made_and_waited_for(place: Place) -> None:
    assert place.deploy() == ARN
    (request,) = place.cloudformation.requests
    assert request["StackName"] == "scones-deployment"
    assert request["Capabilities"] == ["CAPABILITY_IAM"]
    values = {item["ParameterKey"]: item["ParameterValue"] for item in request["Parameters"]}
    assert values["CodeBucket"] == "bucket"
    assert values["ModelBucket"] == "bucket"
    assert values["MonitoringRoleArn"] == place.role_arn
    assert values["CodeKey"] in place.s3.objects
    assert place.slept > 0


def test_the_archive_holds_the_function_and_nothing_else(place: Place) -> None:
    place.deploy()
    (content,) = place.s3.objects.values()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
    assert "endpoint_safeguards/handler.py" in names
    assert all(name.startswith("endpoint_safeguards/") and name.endswith(".py") for name in names)


def test_without_a_change_nothing_is_done(place: Place) -> None:
    place.deploy()
    place.slept = 0.0
    assert place.deploy() == ARN
    assert len(place.cloudformation.requests) == 1
    assert (place.s3.puts, place.slept) == (1, 0.0)


def test_new_code_is_a_new_key_and_an_update(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deploy()
    folder = tmp_path / "endpoint_safeguards"
    folder.mkdir()
    (folder / "handler.py").write_text("new")
    monkeypatch.setattr(module, "FUNCTION_FOLDER", folder)
    assert place.deploy() == ARN
    assert len(place.s3.objects) == 2
    assert len(place.cloudformation.requests) == 2


def test_a_failure_says_what_failed_first(place: Place) -> None:
    place.cloudformation.outcome["create"] = "ROLLBACK_COMPLETE"
    place.cloudformation.events = [
        event(STACK_NAME, "ROLLBACK_COMPLETE"),
        event("LogGroup", "CREATE_FAILED", "Resource creation cancelled"),
        event("Function", "CREATE_FAILED", "The runtime\nis not supported"),
        event(STACK_NAME, "CREATE_IN_PROGRESS"),
    ]
    with pytest.raises(StackFailed) as caught:
        place.deploy()
    assert str(caught.value) == "stack scones-deployment failed: Function: The runtime is not supported"


def test_failures_of_earlier_operations_do_not_count() -> None:
    events = [
        event(STACK_NAME, "UPDATE_ROLLBACK_COMPLETE"),
        event("Role", "UPDATE_FAILED", "today"),
        event(STACK_NAME, "UPDATE_IN_PROGRESS"),
        event("Role", "UPDATE_FAILED", "yesterday"),
        event(STACK_NAME, "UPDATE_IN_PROGRESS"),
    ]
    assert first_failure(events, STACK_NAME) == "Role: today"


def test_a_stack_that_never_came_up_is_to_be_deleted(place: Place) -> None:
    place.cloudformation.current = {"StackStatus": "ROLLBACK_COMPLETE"}
    with pytest.raises(StackFailed, match="is ROLLBACK_COMPLETE and cannot be updated: delete it"):
        place.deploy()
    assert place.cloudformation.requests == []


def test_a_stack_that_never_settles_is_given_up(place: Place) -> None:
    place.cloudformation.current = {"StackStatus": "UPDATE_IN_PROGRESS"}
    with pytest.raises(StackFailed, match="is UPDATE_IN_PROGRESS since 900 s"):
        place.deploy()


def test_a_deleted_stack_is_gone_when_the_wait_ends(place: Place) -> None:
    place.deploy()
    seen: list[str] = []
    delete_stack(place.cloudformation, STACK_NAME, sleep=lambda seconds: None, watch=seen.append)
    assert find_stack(place.cloudformation, STACK_NAME) is None
    assert set(seen) == {"DELETE_IN_PROGRESS"}
    with pytest.raises(StackMissing, match=f"no stack {STACK_NAME}"):
        delete_stack(place.cloudformation, STACK_NAME)


def test_a_stack_that_cannot_be_deleted_says_why(place: Place) -> None:
    place.deploy()
    place.cloudformation.outcome["delete"] = "DELETE_FAILED"
    place.cloudformation.events = [
        event("Bucket", "DELETE_FAILED", "The bucket is not empty"),
        event(STACK_NAME, "DELETE_IN_PROGRESS"),
        event("Bucket", "CREATE_FAILED", "long ago"),
    ]
    with pytest.raises(StackFailed, match="failed: Bucket: The bucket is not empty"):
        delete_stack(place.cloudformation, STACK_NAME, sleep=lambda seconds: None)


def test_the_same_files_give_the_same_archive() -> None:
    assert deterministic_zip({"b": b"2", "a": b"1"}) == deterministic_zip({"a": b"1", "b": b"2"})
    assert deterministic_zip({"a": b"1"}) != deterministic_zip({"a": b"2"})
