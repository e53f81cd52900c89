"""The executions of monitoring schedules: ListMonitoringExecutions."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.control_plane import operation
from local_aws.sagemaker.listing import RecordListing
from local_aws.sagemaker.monitoring.records import EXECUTION, execution_summary

LISTING = RecordListing(
    "ListMonitoringExecutions",
    sort_keys={"ScheduledTime": lambda record: record.body["ScheduledTime"]},
    filters={
        "ScheduledTimeAfter": lambda record, moment: record.body["ScheduledTime"] > moment,
        "ScheduledTimeBefore": lambda record, moment: record.body["ScheduledTime"] < moment,
        "MonitoringScheduleName": lambda record, name: record.body["MonitoringScheduleName"] == name,
        "EndpointName": lambda record, name: record.body["EndpointName"] == name,
        "MonitoringJobDefinitionName": (lambda record, name: record.body.get("MonitoringJobDefinitionName") == name),
        "MonitoringTypeEquals": lambda record, wanted: record.body["MonitoringType"] == wanted,
    },
    descending=True,
)


@operation("ListMonitoringExecutions")
def list_monitoring_executions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return LISTING.answer(context.store.all(EXECUTION), request, "MonitoringExecutionSummaries", execution_summary)
