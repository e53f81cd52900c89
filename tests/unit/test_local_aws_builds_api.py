"""CodeBuild's API: projects, limits, tokens, lists, reports, and what is refused with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.builds import records
from local_aws.builds.api import CODEBUILD
from local_aws.builds.reports import report_of
from local_aws.sagemaker.errors import ServiceError
from tests.unit.local_aws_builds_service import (
    BUCKET,
    ENVIRONMENT,
    NO_ARTIFACTS,
    ROLE,
    Service,
    commands,
)
from tests.waiting import wait_until

QUICK = commands(build=["true"])
PREFIX = "arn:aws:codebuild:us-east-1:123456789012"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "state")
    yield made
    made.close()


def refused(service: Service, operation: str, **request: Any) -> tuple[str, str]:
    """The code and the message of the error."""
    with pytest.raises(ServiceError) as error:
        CODEBUILD.answer(service.builds, operation, request)
    return error.value.code, error.value.message


def test_a_project_is_made_changed_listed_and_deleted(service: Service) -> None:
    service.project("one", QUICK, tags=[{"key": "team", "value": "a"}], concurrentBuildLimit=1)
    service.project("two", QUICK)
    (found,) = service.call("BatchGetProjects", names=["one"])["projects"]
    assert found["arn"] == f"{PREFIX}:project/one" and found["created"] == found["lastModified"]
    assert (found["timeoutInMinutes"], found["queuedTimeoutInMinutes"]) == (60, 480)
    assert found["encryptionKey"].endswith(":alias/aws/s3") and found["badge"] == {"badgeEnabled": False}
    assert found["environment"]["privilegedMode"] is False and found["cache"] == {"type": "NO_CACHE"}
    changed = service.call("UpdateProject", name="one", description="hello", concurrentBuildLimit=-1)["project"]
    assert changed["description"] == "hello" and "concurrentBuildLimit" not in changed
    assert changed["tags"] == [{"key": "team", "value": "a"}] and changed["source"] == found["source"]
    assert changed["lastModified"] >= changed["created"]
    assert service.call("ListProjects")["projects"] == ["one", "two"]
    assert service.call("ListProjects", sortBy="LAST_MODIFIED_TIME", sortOrder="DESCENDING")["projects"] == [
        "one",
        "two",
    ]
    assert refused(service, "CreateProject", **request("one")) == (
        "ResourceAlreadyExistsException",
        f"Project already exists: {PREFIX}:project/one",
    )
    service.call("DeleteProject", name=f"{PREFIX}:project/one")
    service.call("DeleteProject", name="one")
    assert service.call("BatchGetProjects", names=["one", "two"])["projectsNotFound"] == ["one"]
    assert refused(service, "StartBuild", projectName="one") == (
        "ResourceNotFoundException",
        f"Project cannot be found: {PREFIX}:project/one",
    )


def request(name: str, **settings: Any) -> dict[str, Any]:
    source = {"type": "NO_SOURCE", "buildspec": QUICK}
    return {
        **{"name": name, "source": source, "artifacts": NO_ARTIFACTS, "environment": ENVIRONMENT},
        **{"serviceRole": ROLE, **settings},
    }


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"name": "a b"}, "regular expression"),
        ({"timeoutInMinutes": 4}, "greater than or equal to 5"),
        ({"source": {"type": "NO_SOURCE"}}, "a buildspec is required"),
        ({"source": {"type": "NO_SOURCE", "location": "x", "buildspec": QUICK}}, "location must not be given"),
        ({"source": {"type": "S3"}}, "location is required"),
        ({"source": {"type": "S3", "location": "s3://bucket/key"}}, "bucket/key"),
        ({"source": {"type": "CODEPIPELINE"}}, "no CodePipeline"),
        ({"artifacts": {"type": "S3"}}, "name of a bucket"),
        ({"secondaryArtifacts": [{"type": "S3", "location": "b"}]}, "artifactIdentifier"),
        ({"environment": {**ENVIRONMENT, "type": "WINDOWS_SERVER_2022_CONTAINER"}}, "its own machine"),
        ({"environment": {**ENVIRONMENT, "fleet": {"fleetArn": "arn:x"}}}, "no fleets"),
        ({"environment": {**ENVIRONMENT, "environmentVariables": [{"name": "a-b", "value": ""}]}}, "a-b"),
        ({"environment": {**ENVIRONMENT, "environmentVariables": [{"name": "a", "value": ""}] * 2}}, "Duplicate"),
        ({"buildBatchConfig": {"serviceRole": ROLE}}, "no batch builds"),
        ({"fileSystemLocations": [{"type": "EFS"}]}, "no EFS"),
        ({"badgeEnabled": True}, "no build badges"),
        ({"logsConfig": {"s3Logs": {"status": "ENABLED", "location": "b/l"}}}, "CloudWatch alone"),
        ({"concurrentBuildLimit": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(service: Service, settings: dict[str, Any], told: str) -> None:
    code, message = refused(service, "CreateProject", **{**request("unwanted"), **settings})
    assert code in ("InvalidInputException", "ValidationException") and told in message
    assert service.call("ListProjects")["projects"] == []


@pytest.mark.parametrize(
    ("operation", "members", "told"),
    [
        ("StartBuildBatch", {"projectName": "any"}, "no batch builds"),
        ("ListFleets", {}, "no fleets"),
        ("CreateWebhook", {"projectName": "any"}, "no webhooks"),
        ("ListSourceCredentials", {}, "no source credentials"),
        ("StartSandbox", {"projectName": "any"}, "not supported"),
    ],
)
def test_operations_that_are_not_here_say_why(
    service: Service, operation: str, members: dict[str, Any], told: str
) -> None:
    code, message = refused(service, operation, **members)
    assert code == "UnknownOperationException" and told in message


def test_a_start_that_asks_for_what_is_not_here_starts_nothing(service: Service) -> None:
    project = service.project("one", QUICK)
    assert "no fleets" in refused(service, "StartBuild", projectName=project, fleetOverride={"fleetArn": "arn:x"})[1]
    assert "location is required" in refused(service, "StartBuild", projectName=project, sourceTypeOverride="S3")[1]
    assert service.call("ListBuilds")["ids"] == []


def test_a_token_starts_one_build(service: Service) -> None:
    project = service.project("one", QUICK)
    first = service.start(project, idempotencyToken="same", sourceVersion="v1")
    assert service.start(project, idempotencyToken="same", sourceVersion="v1") == first
    code, message = refused(service, "StartBuild", projectName=project, idempotencyToken="same", sourceVersion="v2")
    assert code == "InvalidInputException" and "other parameters" in message
    assert service.start(project, idempotencyToken="another", sourceVersion="v1") != first


def test_the_limit_of_a_project_holds_while_its_builds_run(service: Service, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    project = service.project(
        "limited", commands(build=[f"until [ -e {gate} ]; do sleep 0.02; done"]), concurrentBuildLimit=1
    )
    running = service.start(project)
    code, message = refused(service, "StartBuild", projectName=project)
    assert code == "AccountLimitExceededException" and "more than 1 active builds" in message
    assert refused(service, "RetryBuild", id=running)[0] == "InvalidInputException"
    kept = service.call("BatchDeleteBuilds", ids=[running])["buildsNotDeleted"]
    assert kept == [{"id": running, "statusCode": "BUILD_IN_PROGRESS"}]
    gate.touch()
    assert service.ended(running)["buildStatus"] == "SUCCEEDED"
    wait_until(lambda: not service.builds.store.running(project), "its builds to end")
    assert service.run(project)["buildNumber"] == 2


def test_builds_are_listed_retried_and_deleted(service: Service) -> None:
    one, two = service.project("one", QUICK), service.project("two", QUICK)
    variable = {"name": "WHY", "value": "drift"}
    first = service.run(one, environmentVariablesOverride=[variable])["id"]
    second = service.run(two)["id"]
    again = service.call("RetryBuild", id=f"{PREFIX}:build/{first}", idempotencyToken="t")["build"]
    assert service.call("RetryBuild", id=f"{PREFIX}:build/{first}", idempotencyToken="t")["build"]["id"] == again["id"]
    retried = service.ended(again["id"])
    assert retried["environment"]["environmentVariables"] == [variable] and retried["buildNumber"] == 2
    assert service.call("ListBuilds")["ids"] == [again["id"], second, first]
    assert service.call("ListBuilds", sortOrder="ASCENDING")["ids"] == [first, second, again["id"]]
    assert service.call("ListBuildsForProject", projectName=one)["ids"] == [again["id"], first]
    answer = service.call("BatchDeleteBuilds", ids=[second, "two:none"])
    assert answer["buildsDeleted"] == [f"{PREFIX}:build/{second}"]
    assert answer["buildsNotDeleted"] == [{"id": "two:none", "statusCode": "NOT_FOUND"}]
    assert service.call("BatchGetBuilds", ids=[second])["buildsNotFound"] == [second]
    assert refused(service, "StopBuild", id=second)[0] == "ResourceNotFoundException"


def test_lists_come_in_pages(service: Service) -> None:
    for number in range(103):
        service.project(f"project-{number:03}", QUICK)
    first = service.call("ListProjects")
    assert len(first["projects"]) == 100
    rest = service.call("ListProjects", nextToken=first["nextToken"])
    assert rest["projects"] == ["project-100", "project-101", "project-102"] and rest["nextToken"] is None
    code, _ = refused(service, "ListBuilds", nextToken=first["nextToken"])
    assert code == "InvalidInputException"
    assert refused(service, "ListProjects", nextToken="x")[0] == "InvalidInputException"


def test_report_groups_and_their_reports(service: Service) -> None:
    no_export = {"exportConfigType": "NO_EXPORT"}
    made = service.call("CreateReportGroup", name="mine", type="TEST", exportConfig=no_export)["reportGroup"]
    assert made["arn"] == f"{PREFIX}:report-group/mine" and made["status"] == "ACTIVE"
    for changes, told in (
        ({"name": "mine"}, "already exists"),
        ({"name": "a b"}, "Invalid report group name"),
        ({"type": "CODE_COVERAGE"}, "tests alone"),
        ({"exportConfig": {"exportConfigType": "S3", "s3Destination": {"bucket": BUCKET}}}, "exports no reports"),
    ):
        given = {"name": "other", "type": "TEST", "exportConfig": no_export, **changes}
        assert told in refused(service, "CreateReportGroup", **given)[1]
    tags = [{"key": "a", "value": "b"}]
    assert service.call("UpdateReportGroup", arn=made["arn"], tags=tags)["reportGroup"]["tags"] == tags
    build = service.builds.store.build(service.run(service.project("one", QUICK))["id"])
    report = _keep_report(service, made["arn"], build, 3)
    assert service.call("ListReports", filter={"status": "FAILED"})["reports"] == [report]
    assert service.call("ListReports", filter={"status": "SUCCEEDED"})["reports"] == []
    first = service.call("DescribeTestCases", reportArn=report, maxResults=2)
    rest = service.call("DescribeTestCases", reportArn=report, maxResults=2, nextToken=first["nextToken"])
    assert [case["name"] for case in first["testCases"] + rest["testCases"]] == ["case 0", "case 1", "case 2"]
    assert len(service.call("DescribeTestCases", reportArn=report, filter={"keyword": "case 1"})["testCases"]) == 1
    assert "it has reports" in refused(service, "DeleteReportGroup", arn=made["arn"])[1]
    service.call("DeleteReport", arn=report)
    assert service.call("BatchGetReports", reportArns=[report])["reportsNotFound"] == [report]
    assert refused(service, "DescribeTestCases", reportArn=report)[0] == "ResourceNotFoundException"
    service.call("DeleteReportGroup", arn=made["arn"])
    assert service.call("BatchGetReportGroups", reportGroupArns=[made["arn"]])["reportGroupsNotFound"] == [made["arn"]]
    assert refused(service, "ListReportsForReportGroup", reportGroupArn=made["arn"])[0] == "ResourceNotFoundException"


def test_of_a_large_report_the_failed_cases_are_kept(service: Service) -> None:
    cases = [records.TestCase(f"case {number}", "FAILED" if number == 700 else "SUCCEEDED", 1) for number in range(800)]
    build = service.builds.store.build(service.run(service.project("one", QUICK))["id"])
    report = report_of(cases, f"{PREFIX}:report-group/large", build, service.builds.now())
    assert (report.total, len(report.cases), report.truncated) == (800, 500, True)
    assert report.cases[0].name == "case 700" and report.counts["SUCCEEDED"] == 799 and report.status == "FAILED"


def _keep_report(service: Service, group: str, build: records.Build, count: int) -> str:
    cases = [records.TestCase(f"case {number}", "ERROR", 5) for number in range(count)]
    report = report_of(cases, group, build, service.builds.now())
    service.builds.reports.add_report(report)
    return report.arn
