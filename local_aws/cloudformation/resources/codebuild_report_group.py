"""AWS::CodeBuild::ReportGroup."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType, as_bool, tags_of


class ReportGroup(ResourceType):
    """A report group, of test reports that are not exported."""

    type = "AWS::CodeBuild::ReportGroup"
    properties = frozenset({"Name", "Type", "ExportConfig", "DeleteReports", "Tags"})
    required = frozenset({"Type", "ExportConfig"})
    replacing = frozenset({"Name", "Type"})
    named_by = "Name"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        made = clients("codebuild").create_report_group(
            name=wanted.get("Name", name), type=wanted["Type"], **_settings(wanted)
        )
        return _made(made["reportGroup"])

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        made = clients("codebuild").update_report_group(arn=physical_id, **_settings(wanted))
        return _made(made["reportGroup"])

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        codebuild = clients("codebuild")
        with suppress(codebuild.exceptions.ResourceNotFoundException):
            delete_reports = as_bool(properties.get("DeleteReports", False))
            codebuild.delete_report_group(arn=physical_id, deleteReports=delete_reports)


def _settings(wanted: Properties) -> dict[str, Any]:
    return {
        "exportConfig": {"exportConfigType": wanted["ExportConfig"]["ExportConfigType"]},
        "tags": [{"key": key, "value": value} for key, value in tags_of(wanted).items()],
    }


def _made(group: dict[str, Any]) -> Made:
    return Made(group["arn"], {"Arn": group["arn"]})
