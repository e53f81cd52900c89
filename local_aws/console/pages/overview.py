"""What somebody wants to know first: what runs, what waits for a decision, what is wrong."""

from __future__ import annotations

from local_aws.console.pages.executions import existing
from local_aws.console.pages.packages import packages_named
from local_aws.console.view import View, Visit
from local_aws.sagemaker.endpoints.records import ENDPOINT
from local_aws.sagemaker.operations.endpoints import IN_PROGRESS
from local_aws.sagemaker.pipeline.records import EXECUTION, RUNNING

LATEST = 5
PENDING_SHOWN = 10


def overview(visit: Visit) -> View:
    """The first page."""
    sources = visit.sources
    statuses = sources.records.statuses(EXECUTION)
    pending = sources.records.pending_versions(PENDING_SHOWN)
    endpoints = sources.context.store.all(ENDPOINT)[::-1]
    alarms = [alarm for alarm in list(sources.alarms.alarms.values()) if alarm.state_value == "ALARM"]
    waiting = [queue for queue in list(sources.queues.queues.values()) if queue.approximate_number_of_messages]
    workflows = sources.workflows.executions.runs()
    builds = sources.builds.store.running()
    running = sum(statuses.get(each, 0) for each in RUNNING)
    values = {
        "region": sources.context.region,
        "account": sources.context.account_id,
        "state_dir": str(sources.context.state_dir),
        "statuses": statuses,
        "latest": existing(sources, sources.records.names(EXECUTION, 0, LATEST)),
        "pending": packages_named(sources, pending),
        "endpoints": endpoints[:PENDING_SHOWN],
        "endpoint_count": len(endpoints),
        "alarms": sorted(alarms, key=lambda alarm: alarm.name),
        "queues": sorted(waiting, key=lambda queue: queue.name),
        "running_workflows": [run.execution for run in workflows if run.execution.map_run_arn is None][:LATEST],
        "running_builds": builds[:LATEST],
        "running": running,
    }
    changing = any(endpoint.status in IN_PROGRESS for endpoint in endpoints)
    live = running > 0 or bool(workflows) or bool(builds) or changing
    running_things = f"{running} pipelines and {len(builds)} builds running"
    news = f"{running_things}, {len(pending)} versions wait for a decision, {len(alarms)} alarms"
    return View("overview.html", "Overview", values, live, news)
