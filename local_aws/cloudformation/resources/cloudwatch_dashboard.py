"""AWS::CloudWatch::Dashboard."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from local_aws.cloudformation.errors import ResourceFailed
from local_aws.cloudformation.resources.base import Clients, Made, Properties, ResourceType


class Dashboard(ResourceType):
    """A dashboard, which is kept and answered; nothing here draws it."""

    type = "AWS::CloudWatch::Dashboard"
    properties = frozenset({"DashboardName", "DashboardBody"})
    required = frozenset({"DashboardBody"})
    replacing = frozenset({"DashboardName"})
    named_by = "DashboardName"

    def create(self, clients: Clients, name: str, wanted: Properties) -> Made:
        cloudwatch, dashboard = clients("cloudwatch"), wanted.get("DashboardName", name)
        if self.named_by in wanted and _is_there(cloudwatch, dashboard):
            raise self.already_there(dashboard)
        _put(cloudwatch, dashboard, wanted)
        return Made(dashboard)

    def update(self, clients: Clients, physical_id: str, before: Properties, wanted: Properties) -> Made:
        _put(clients("cloudwatch"), physical_id, wanted)
        return Made(physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        cloudwatch = clients("cloudwatch")
        with suppress(cloudwatch.exceptions.DashboardNotFoundError, cloudwatch.exceptions.ResourceNotFound):
            cloudwatch.delete_dashboards(DashboardNames=[physical_id])


def _put(cloudwatch: Any, name: str, wanted: Properties) -> None:
    told = cloudwatch.put_dashboard(DashboardName=name, DashboardBody=wanted["DashboardBody"])
    messages = [f"{one.get('DataPath', '')}: {one.get('Message', '')}" for one in told["DashboardValidationMessages"]]
    if messages:
        raise ResourceFailed("; ".join(messages))


def _is_there(cloudwatch: Any, name: str) -> bool:
    found = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    return any(one["DashboardName"] == name for one in found)
