"""Teardown: what is ours, what happens where something cannot go, and how it asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from pipelines.cli.application import app
from pipelines.session import Target
from pipelines.stacks import StackMissing
from pipelines.teardown import project
from pipelines.teardown.executions import running_executions
from pipelines.teardown.item import Item, Removal, remove_all
from pipelines.teardown.missing import WAIT_SECONDS, StillThere, is_missing, unless_missing, wait_until
from pipelines.teardown.plan import ARCHIVE_KEY
from pipelines.teardown.serving import is_of_group, own_endpoints
from pipelines.teardown.stacks import own_stacks
from pipelines.teardown.storage import NotDeleted, delete_versions, retained_buckets

NO_MODEL = ("ValidationException", "Could not find model x")


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DeleteThing")


def item(name: str, log: list[str], error: Exception | None = None) -> Item:
    def remove() -> None:
        log.append(name)
        if error:
            raise error

    return Item("thing", name, remove)


def test_one_that_cannot_go_does_not_keep_the_others() -> None:
    log: list[str] = []
    items = [item("a", log), item("b", log, refused("AccessDenied", "not yours")), item("c", log)]
    assert list(remove_all(items)) == [
        Removal("thing", "a"),
        Removal("thing", "b", "DeleteThing was refused: not yours (AccessDenied)"),
        Removal("thing", "c"),
    ]
    assert log == ["a", "b", "c"]


def test_an_error_that_nobody_foresaw_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        list(remove_all([item("a", [], ZeroDivisionError())]))


@pytest.mark.parametrize(
    ("code", "message", "missing"),
    [
        (*NO_MODEL, True),
        ("ResourceNotFound", "Pipeline x does not exist", True),
        ("ResourceNotFoundException", "no group", True),
        ("ObjectNotFoundException", "No scalable target registered", True),
        ("ValidationException", "ModelPackageGroup arn does not exist.", True),
        ("NoSuchBucket", "gone", True),
        ("AccessDenied", "User is not authorized", False),
        ("ConflictException", "it holds 3 model packages", False),
        ("ValidationException", "Cannot delete an endpoint that is being updated", False),
    ],
)
def test_what_is_gone_already_is_no_error_and_everything_else_is(code: str, message: str, missing: bool) -> None:
    error = refused(code, message)
    assert is_missing(error) is missing

    def delete() -> None:
        raise error

    if missing:
        unless_missing(delete)
    else:
        with pytest.raises(ClientError):
            unless_missing(delete)


def test_waiting_ends_where_something_does_not_go() -> None:
    slept: list[float] = []
    with pytest.raises(StillThere, match="endpoint x is still there after 900 s"):
        wait_until(lambda: False, "endpoint x", slept.append)
    assert sum(slept) == WAIT_SECONDS


class Pages:
    """A paginator over one answer, cut into pages of two."""

    def __init__(self, member: str, rows: list[dict[str, Any]]) -> None:
        self.member, self.rows = member, rows

    def paginate(self, **wanted: Any) -> Iterator[dict[str, Any]]:
        for start in range(0, len(self.rows), 2):
            yield {self.member: self.rows[start : start + 2]}


class Endpoints:
    """Endpoints with their tags."""

    def __init__(self, **tags: str) -> None:
        self.tags = tags

    def get_paginator(self, operation: str) -> Pages:
        return Pages("Endpoints", [{"EndpointName": name, "EndpointArn": f"arn:{name}"} for name in self.tags])

    def list_tags(self, ResourceArn: str) -> dict[str, Any]:
        value = self.tags[ResourceArn.removeprefix("arn:")]
        return {"Tags": [{"Key": "scones:model-package-arn", "Value": value}] if value else []}


def test_an_endpoint_is_ours_by_its_name_or_by_the_version_it_is_tagged_with() -> None:
    ours, theirs = "arn:aws:sagemaker:r:1:model-package/group/3", "arn:aws:sagemaker:r:1:model-package/group-two/3"
    there = Endpoints(scones="", blue=ours, green=theirs, red="")
    assert own_endpoints(there, "scones", "Group") == ["scones", "blue"]
    assert is_of_group(ours, "GROUP")
    assert not is_of_group("", "GROUP")


class Stacks:
    """CloudFormation, as far as listing and deleting go."""

    def __init__(self, *names: str) -> None:
        self.there = list(names)

    def get_paginator(self, operation: str) -> Pages:
        rows = [
            {"StackName": name, "StackStatus": "CREATE_COMPLETE", "Description": "One - two"} for name in self.there
        ]
        nested = {"StackName": "scones-monitor-n", "StackStatus": "CREATE_COMPLETE", "ParentId": "arn:parent"}
        gone = {"StackName": "scones-monitor-g", "StackStatus": "DELETE_COMPLETE"}
        return Pages("Stacks", [*rows, nested, gone])

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName not in self.there:
            raise refused("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"StackName": StackName, "StackStatus": "CREATE_COMPLETE"}]}

    def delete_stack(self, StackName: str) -> None:
        self.there.remove(StackName)


def test_stacks_go_by_name_those_that_start_things_first_and_others_stay() -> None:
    there = Stacks("scones-workflow", "scones-website", "scones-monitor", "scones-monitor-blue", "scones-retraining")
    names = ("scones-retraining", "scones-monitor", "scones-deployment", "scones-workflow")
    found = list(own_stacks(there, names, ("scones-monitor-",)))
    assert [one.name for one in found] == [
        *("scones-retraining", "scones-monitor", "scones-workflow", "scones-monitor-blue")
    ]
    assert found[0].note == "One"
    assert all(removal.problem is None for removal in remove_all([*found, *found]))
    assert there.there == ["scones-website"]


class Executions:
    """Two executions; the one that runs needs three looks to stop."""

    def __init__(self) -> None:
        self.status, self.looks, self.stopped = {"a": "Executing", "b": "Succeeded"}, 0, list[str]()

    def get_paginator(self, operation: str) -> Pages:
        rows = [{"PipelineExecutionArn": arn, "PipelineExecutionStatus": one} for arn, one in self.status.items()]
        return Pages("PipelineExecutionSummaries", rows)

    def describe_pipeline_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:
        if self.stopped:
            self.looks += 1
            if self.looks == 3:
                self.status[PipelineExecutionArn] = "Stopped"
        return {"PipelineExecutionStatus": self.status[PipelineExecutionArn]}

    def stop_pipeline_execution(self, PipelineExecutionArn: str) -> None:
        self.stopped.append(PipelineExecutionArn)
        self.status[PipelineExecutionArn] = "Stopping"


def test_an_execution_that_runs_is_stopped_and_waited_for() -> None:
    there, slept = Executions(), list[float]()
    (found,) = running_executions(there, ("One",), slept.append)
    found.remove()
    assert (there.stopped, there.status["a"], len(slept)) == (["a"], "Stopped", 2)


class Objects:
    """DeleteObjects, which keeps one key."""

    def __init__(self, keeps: str = "") -> None:
        self.keeps, self.batches = keeps, list[int]()

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        self.batches.append(len(Delete["Objects"]))
        kept = [one for one in Delete["Objects"] if one["Key"] == self.keeps]
        return {"Errors": [{"Key": one["Key"], "Code": "AccessDenied", "Message": "held"} for one in kept]}

    def get_paginator(self, operation: str) -> Pages:
        names = ("scones-workflow-imagebucket-abc123", "scones-workflow-imagebucket-of-others", "artifacts")
        return Pages("Buckets", [{"Name": name} for name in names])


def versions(count: int) -> Iterator[dict[str, str]]:
    return ({"Key": f"k{number}", "VersionId": "null"} for number in range(count))


def test_objects_go_by_the_thousand_and_what_s3_keeps_is_told() -> None:
    s3 = Objects()
    delete_versions(s3, "b", versions(2500))
    assert s3.batches == [1000, 1000, 500]
    with pytest.raises(NotDeleted, match="1 objects stay, such as k7: AccessDenied held"):
        delete_versions(Objects("k7"), "b", versions(10))


def test_a_bucket_that_a_stack_left_is_known_by_its_name() -> None:
    assert retained_buckets(Objects(), "scones-workflow", "ImageBucket") == ["scones-workflow-imagebucket-abc123"]


def test_only_archives_that_the_project_staged_are_its_own() -> None:
    name = "cifar-100-python.tar.gz"
    assert re.fullmatch(ARCHIVE_KEY, f"datasets/{'0a' * 16}/{name}")
    assert not re.fullmatch(ARCHIVE_KEY, f"datasets/mine/{name}")
    assert not re.fullmatch(ARCHIVE_KEY, "datasets/table.csv")


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two things on a target, of which the second cannot go; what was tried."""
    log: list[str] = []
    found = [item("a", log), item("b", log, refused("AccessDenied", "not yours"))]
    monkeypatch.setattr("pipelines.cli.teardown.connect", lambda target: None)
    monkeypatch.setattr("pipelines.teardown.plan.find_all", lambda place, choice: found)
    return log


def test_without_yes_and_a_person_nothing_goes(listed: list[str]) -> None:
    done = CliRunner().invoke(app, ["teardown"])
    assert (done.exit_code, listed) == (2, [])
    assert "thing" in done.output
    assert "--yes" in done.output


def test_what_is_left_is_told_with_exit_code_1(listed: list[str]) -> None:
    done = CliRunner().invoke(app, ["teardown", "--yes"])
    assert (done.exit_code, listed) == (1, ["a", "b"])
    assert "1 gone, 1 left" in done.output
    assert "left: thing b: DeleteThing was refused: not yours (AccessDenied)" in done.output


def test_keeping_data_and_deleting_its_bucket_is_a_contradiction(listed: list[str]) -> None:
    assert CliRunner().invoke(app, ["teardown", "--yes", "--keep-data", "--buckets"]).exit_code == 2
    assert listed == []


class Account:
    """One account's stacks, groups, buckets and keys; what is deleted is gone."""

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, str]] = {}
        self.groups: dict[str, dict[str, str]] = {}
        self.buckets: dict[str, str | None] = {}
        self.pending: set[str] = set()
        self.deleted_projects: list[str] = []

    def client(self, _service: str) -> Account:
        return self

    def get_paginator(self, operation: str) -> Any:
        stacks = [
            {"StackName": name, "StackStatus": "CREATE_COMPLETE", "Parameters": _parameters(given)}
            for name, given in self.stacks.items()
        ]
        groups = [{"ModelPackageGroupName": name, "ModelPackageGroupArn": name} for name in self.groups]
        rows = {
            "describe_stacks": ("Stacks", stacks),
            "list_model_package_groups": ("ModelPackageGroupSummaryList", groups),
            "list_buckets": ("Buckets", [{"Name": name} for name in self.buckets]),
        }
        return Pages(*rows[operation])

    def list_tags(self, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.groups[ResourceArn].items()]}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName not in self.stacks:
            raise refused("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"StackName": StackName, "StackStatus": "DELETE_IN_PROGRESS"}]}

    def delete_project(self, ProjectName: str) -> None:
        self.deleted_projects.append(ProjectName)

    def describe_key(self, KeyId: str) -> dict[str, Any]:
        return {"KeyMetadata": {"KeyState": "PendingDeletion" if KeyId in self.pending else "Enabled"}}

    def schedule_key_deletion(self, KeyId: str, PendingWindowInDays: int) -> None:
        assert PendingWindowInDays == 7
        self.pending.add(KeyId)

    def get_bucket_encryption(self, Bucket: str) -> dict[str, Any]:
        key = self.buckets.get(Bucket, "")
        if not key:
            raise refused("NoSuchBucket" if key == "" else "ServerSideEncryptionConfigurationNotFoundError", Bucket)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
        return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def _parameters(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]


OF_SHOP = {"SageMakerProjectName": "shop", "SageMakerProjectId": "p-1"}
TAGS = {"sagemaker:project-name": "shop", "sagemaker:project-id": "p-1"}


def test_a_project_is_found_by_its_root_stack_or_by_the_group_that_it_leaves() -> None:
    account: Any = Account()
    # what it nests has its name, too; and somebody called a group so
    account.stacks = {"project-shop-Retraining-A": OF_SHOP, "project-shop": {**OF_SHOP, "SafeguardsCodeKey": "k"}}
    account.groups = {"shop-of-others": {}, "shop-p-9": {**TAGS, "sagemaker:project-id": "p-8"}, "shop-p-1": TAGS}
    assert project.find_project(account, "shop") == project.ProjectThere("shop", "p-1", "project-shop")
    account.stacks = {"project-shop-Retraining-A": OF_SHOP}
    assert project.find_project(account, "shop") == project.ProjectThere("shop", "p-1", None)
    with pytest.raises(StackMissing, match="no project shops: no stack of seed_code"):
        project.find_project(account, "shops")


def test_a_stack_that_sagemaker_made_it_deletes_itself() -> None:
    account: Any = Account()
    account.stacks = {"sagemaker-p-1": OF_SHOP}

    def sleep(_seconds: float) -> None:
        account.stacks.clear()

    (one,) = project._stack(account, project.ProjectThere("shop", "p-1", "sagemaker-p-1"), sleep)
    assert (one.kind, one.name, one.note) == ("SageMaker project", "shop", "with its stack sagemaker-p-1")
    one.remove()
    assert account.deleted_projects == ["shop"] and account.stacks == {}


def test_the_key_goes_with_the_last_bucket_that_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    account.buckets = {
        "sagemaker-project-p-1": "arn:key",
        "x-imagebucket-y": "arn:key",
        "theirs": "arn:other",
        "z": None,
    }
    monkeypatch.setattr(Target, "client", lambda self, service: account)
    for name in ("_stack", "made_in", "registered_in"):
        monkeypatch.setattr(project, name, lambda *given: ())
    monkeypatch.setattr(account, "head_bucket", lambda Bucket: None, raising=False)
    place, there = Target("aws", "r", "role", "b"), project.ProjectThere("shop", "p-1", None)

    def found(**choice: bool) -> list[tuple[str, str]]:
        return [(one.kind, one.name) for one in project.find_all_of(place, there, **choice)]

    assert found(data=False, buckets=False) == []
    assert found(data=True, buckets=False) == [("bucket", "sagemaker-project-p-1")]
    everything = [("bucket", "sagemaker-project-p-1"), ("bucket", "x-imagebucket-y"), ("key", "arn:key")]
    assert found(data=True, buckets=True) == everything
    project.find_all_of(place, there, data=True, buckets=True)[-1].remove()
    assert account.pending == {"arn:key"}
    assert found(data=True, buckets=True) == everything[:2]
