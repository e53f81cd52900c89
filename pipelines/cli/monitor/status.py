"""`scones monitor status`: the schedules, what they found last, and where the reports are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import EndpointOption, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import ENDPOINT_NAME

if TYPE_CHECKING:
    from model_monitor.execution import Execution
    from model_monitor.status import ScheduleStatus


def status(
    executions: Annotated[int, typer.Option(min=1, max=100, help="Latest executions of each schedule.")] = 3,
    endpoint: EndpointOption = ENDPOINT_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Show the endpoint's schedules, their latest executions, and the violations in words."""
    from dataclasses import asdict

    from model_monitor.status import monitoring_status
    from pipelines.cli.screen import print_json

    place = connect(target)
    found = monitoring_status(place.client("sagemaker"), place.client("s3"), endpoint, executions)
    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        _show(found)
    else:
        print(f"Endpoint {endpoint} has no monitoring schedules: `scones monitor schedule` makes them.")


def _show(found: list[ScheduleStatus]) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, moment, styled, table

    schedules = table("Schedule", "Status", "When", "Baseline")
    executions = table("Schedule", "Execution", "Status", "Scheduled", "Report")
    for one in found:
        schedules.add_row(one.name, styled(one.status), escape(one.cron), escape(one.baseline or "none"))
        for number, execution in enumerate(one.executions, start=1):
            scheduled, report = moment(execution.scheduled), escape(execution.report or "")
            executions.add_row(one.name, str(number), styled(execution.status), scheduled, report)
    screen = console()
    screen.print(schedules)
    if executions.row_count:
        screen.print(executions)
    for one in found:
        for execution in one.executions[:1]:
            for line in lines(execution):
                screen.print(escape(line))


def lines(execution: Execution) -> list[str]:
    """What the latest execution has to say besides its status."""
    said = [f"  {violation.words}" for violation in execution.violations]
    said += [f"  {' '.join(told.split())}" for told in (execution.reason, execution.problem) if told]
    return [f"{execution.schedule}, latest:", *said] if said else []
