"""The API of CodeBuild.

Of our own, since moto's builds nothing: it answers with a record that has succeeded before anything could run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.builds import build_operations, projects, report_operations
from local_aws.builds.builds import Builds
from local_aws.json_service import JsonService
from local_aws.sagemaker.errors import UnsupportedOperation

Operation = Callable[[Builds, Mapping[str, Any]], dict[str, Any]]
# what of CodeBuild is not here, and why
NOT_HERE = {
    "batch builds: start the builds one by one": (
        *("StartBuildBatch", "RetryBuildBatch", "StopBuildBatch", "DeleteBuildBatch", "BatchGetBuildBatches"),
        *("ListBuildBatches", "ListBuildBatchesForProject"),
    ),
    "fleets: builds run on its own machine": (
        *("CreateFleet", "UpdateFleet", "DeleteFleet", "BatchGetFleets", "ListFleets"),
    ),
    "webhooks: nobody outside can call it; start builds by StartBuild or by a rule of EventBridge": (
        *("CreateWebhook", "UpdateWebhook", "DeleteWebhook"),
    ),
    "source credentials: without a network there is no repository to download from": (
        *("ImportSourceCredentials", "DeleteSourceCredentials", "ListSourceCredentials"),
    ),
    "code coverage: reports are of tests": ("DescribeCodeCoverages",),
    "caches: there is nothing to invalidate": ("InvalidateProjectCache",),
}


def _refusing(reason: str) -> Operation:
    def refuse(_builds: Builds, _request: Mapping[str, Any]) -> dict[str, Any]:
        raise UnsupportedOperation(f"This local AWS has no {reason}.")

    return refuse


OPERATIONS: dict[str, Operation] = {
    "CreateProject": projects.create,
    "UpdateProject": projects.update,
    "DeleteProject": projects.delete,
    "BatchGetProjects": projects.get,
    "ListProjects": projects.all_of,
    "StartBuild": build_operations.start,
    "RetryBuild": build_operations.retry,
    "StopBuild": build_operations.stop,
    "BatchGetBuilds": build_operations.get,
    "ListBuilds": build_operations.all_of,
    "ListBuildsForProject": build_operations.of_project,
    "BatchDeleteBuilds": build_operations.delete,
    "CreateReportGroup": report_operations.create_group,
    "UpdateReportGroup": report_operations.update_group,
    "DeleteReportGroup": report_operations.delete_group,
    "ListReportGroups": report_operations.groups,
    "BatchGetReportGroups": report_operations.get_groups,
    "ListReports": report_operations.reports,
    "ListReportsForReportGroup": report_operations.reports_of_group,
    "BatchGetReports": report_operations.get_reports,
    "DeleteReport": report_operations.delete_report,
    "DescribeTestCases": report_operations.test_cases,
    **{operation: _refusing(reason) for reason, operations in NOT_HERE.items() for operation in operations},
}

CODEBUILD = JsonService[Builds]("CodeBuild", "codebuild", "CodeBuild_20161006.", OPERATIONS)
