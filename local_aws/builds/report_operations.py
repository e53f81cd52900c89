"""The operations on report groups, reports and test cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from local_aws.builds.errors import InvalidInputException, ResourceAlreadyExistsException, ResourceNotFoundException
from local_aws.builds.paging import page
from local_aws.builds.records import Report, ReportGroup, TestCase
from local_aws.builds.report_store import GroupThere
from local_aws.builds.reports import KEPT

if TYPE_CHECKING:
    from local_aws.builds.builds import Builds

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,127}")
NO_EXPORT = {"exportConfigType": "NO_EXPORT"}
ORDERS: dict[str, Callable[[ReportGroup], Any]] = {
    "NAME": lambda group: group.name,
    "CREATED_TIME": lambda group: group.created,
    "LAST_MODIFIED_TIME": lambda group: group.modified,
}


def create_group(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateReportGroup, of test reports that are not exported."""
    if not NAME.fullmatch(request["name"]):
        raise InvalidInputException(f"Invalid report group name: {request['name']}")
    if request["type"] != "TEST":
        raise InvalidInputException(f"type {request['type']}: this local AWS has reports of tests alone.")
    _check_export(request)
    now = builds.now()
    arn = builds.arn(f"report-group/{request['name']}")
    group = ReportGroup(arn, request["name"], now, now, tuple(request.get("tags", [])))
    try:
        builds.reports.add_group(group)
    except GroupThere as error:
        raise ResourceAlreadyExistsException(f"Report group already exists: {arn}") from error
    return {"reportGroup": described_group(group)}


def update_group(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateReportGroup: its tags."""
    _check_export(request)
    group = find_group(builds, request["arn"])
    group = replace(group, tags=tuple(request.get("tags", group.tags)), modified=builds.now())
    builds.reports.put_group(group)
    return {"reportGroup": described_group(group)}


def delete_group(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteReportGroup, with its reports where that is asked for. No error where there is none."""
    if builds.reports.report_arns(request["arn"], None, True) and not request.get("deleteReports"):
        raise InvalidInputException(
            f"Cannot delete report group {request['arn']}: it has reports. Ask for deleteReports."
        )
    builds.reports.delete_group(request["arn"])
    return {}


def groups(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListReportGroups."""
    by, backwards = request.get("sortBy", "NAME"), request.get("sortOrder") == "DESCENDING"
    arns = [group.arn for group in sorted(builds.reports.groups(), key=ORDERS[by], reverse=backwards)]
    shown, token = page(arns, request, f"groups {by} {backwards}")
    return {"reportGroups": shown, "nextToken": token}


def get_groups(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """BatchGetReportGroups."""
    found, missing = [], []
    for arn in dict.fromkeys(request["reportGroupArns"]):
        try:
            found.append(described_group(find_group(builds, arn)))
        except ResourceNotFoundException:
            missing.append(arn)
    return {"reportGroups": found, "reportGroupsNotFound": missing}


def reports(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListReports, the latest first where no other order is asked for."""
    return _listed(builds, request, None)


def reports_of_group(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListReportsForReportGroup."""
    return _listed(builds, request, find_group(builds, request["reportGroupArn"]).arn)


def get_reports(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """BatchGetReports."""
    found, missing = [], []
    for arn in dict.fromkeys(request["reportArns"]):
        try:
            found.append(described_report(find_report(builds, arn)))
        except ResourceNotFoundException:
            missing.append(arn)
    return {"reports": found, "reportsNotFound": missing}


def delete_report(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteReport. No error where there is none."""
    builds.reports.delete_report(request["arn"])
    return {}


def test_cases(builds: Builds, request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeTestCases, of a status, or with a keyword in their name or prefix."""
    report = find_report(builds, request["reportArn"])
    wanted = request.get("filter") or {}
    status, keyword = wanted.get("status"), wanted.get("keyword", "")
    cases = [
        case
        for case in report.cases
        if status in (None, case.status) and (keyword in case.name or keyword in case.prefix)
    ]
    numbers = [str(number) for number in range(len(cases))]
    shown, token = page(numbers, request, f"cases {report.arn} {status} {keyword}")
    return {"testCases": [_described_case(report, cases[int(number)]) for number in shown], "nextToken": token}


def find_group(builds: Builds, arn: str) -> ReportGroup:
    """Raises ResourceNotFoundException."""
    try:
        return builds.reports.group(arn)
    except KeyError as error:
        raise ResourceNotFoundException(f"Report group not found: {arn}") from error


def find_report(builds: Builds, arn: str) -> Report:
    """Raises ResourceNotFoundException."""
    try:
        return builds.reports.report(arn)
    except KeyError as error:
        raise ResourceNotFoundException(f"Report not found: {arn}") from error


def described_group(group: ReportGroup) -> dict[str, Any]:
    """What the API says of a report group."""
    return {
        "arn": group.arn,
        "name": group.name,
        "type": "TEST",
        "exportConfig": NO_EXPORT,
        "created": group.created,
        "lastModified": group.modified,
        "tags": list(group.tags),
        "status": "ACTIVE",
    }


def described_report(report: Report) -> dict[str, Any]:
    """What the API says of a report."""
    return {
        "arn": report.arn,
        "type": "TEST",
        "name": report.arn.rpartition("/")[2].partition(":")[0],
        "reportGroupArn": report.group_arn,
        "executionId": report.build_arn,
        "status": report.status,
        "created": report.created,
        "expired": report.created + KEPT,
        "exportConfig": NO_EXPORT,
        "truncated": report.truncated,
        "testSummary": {
            "total": report.total,
            "statusCounts": dict(report.counts),
            "durationInNanoSeconds": report.nanoseconds,
        },
    }


def _described_case(report: Report, case: TestCase) -> dict[str, Any]:
    return {
        "reportArn": report.arn,
        "testRawDataPath": case.path,
        "prefix": case.prefix,
        "name": case.name,
        "status": case.status,
        "durationInNanoSeconds": case.nanoseconds,
        "message": case.message,
        "expired": report.created + KEPT,
        "testSuiteName": case.suite,
    }


def _listed(builds: Builds, request: Mapping[str, Any], group_arn: str | None) -> dict[str, Any]:
    status, ascending = (request.get("filter") or {}).get("status"), request.get("sortOrder") == "ASCENDING"
    arns = builds.reports.report_arns(group_arn, status, ascending)
    shown, token = page(arns, request, f"reports {group_arn} {status} {ascending}")
    return {"reports": shown, "nextToken": token}


def _check_export(request: Mapping[str, Any]) -> None:
    if (request.get("exportConfig") or NO_EXPORT).get("exportConfigType", "NO_EXPORT") != "NO_EXPORT":
        raise InvalidInputException(
            "exportConfig: this local AWS exports no reports; the build's artifacts can hold them."
        )
