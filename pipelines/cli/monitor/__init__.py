"""`scones monitor`: baseline, schedules, their executions and the report. Each command is a module of its own."""

from __future__ import annotations

import typer

from pipelines.cli.monitor import baseline, report, run, schedule, status

monitor = typer.Typer(
    help="Watch what the endpoint sees: its baseline, schedules, executions, and a report.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

for command in (
    baseline.baseline,
    schedule.schedule,
    run.run,
    status.status,
    report.report,
):
    monitor.command()(command)
