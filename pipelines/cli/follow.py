"""Follows an execution on the screen: a live table in a terminal, a line for each change elsewhere."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pipelines.cli.screen import console, duration, styled, table
from pipelines.executions import elapsed, log_lines
from pipelines.run_pipeline import progress_printer
from pipelines.submission import ExecutionStatus, wait_for_execution

if TYPE_CHECKING:
    from rich.table import Table

    from pipelines.session import Target

RUNNING = frozenset({"Starting", "Executing", "Stopping"})
LOCAL_POLL_SECONDS = 0.5
AWS_POLL_SECONDS = 10.0


def follow(target: Target, arn: str, quiet: bool = False) -> ExecutionStatus:
    """Show the execution (or, being quiet, only wait) until it has ended, and return its final state."""
    if quiet:
        return _wait(target, arn, lambda _now: None)
    screen = console()
    if screen.is_terminal:
        return _live(target, arn, screen)
    return _wait(target, arn, progress_printer(lambda line: print(line, flush=True)))


def steps_table(execution: ExecutionStatus, last_lines: dict[str, str] | None = None) -> Table:
    """The steps with status and duration, and what each running job said last."""
    from rich.markup import escape

    made = table("Step", "Status", "Time>", "")
    now = datetime.now(timezone.utc)
    for step in execution.steps:
        note = (last_lines or {}).get(step.name, "")
        if step.cached_from:
            note = "taken from the cache"
        if step.status == "Failed":
            note = step.failure_reason or ""
        made.add_row(step.name, styled(step.status), duration(elapsed(step, now)), escape(note))
    return made


def _live(target: Target, arn: str, screen: Any) -> ExecutionStatus:
    from rich.live import Live

    with Live(console=screen, refresh_per_second=4, transient=True) as live:
        execution = _wait(target, arn, lambda now: live.update(steps_table(now, _last_lines(target, now))))
    screen.print(steps_table(execution))
    return execution


def _wait(target: Target, arn: str, on_poll: Any) -> ExecutionStatus:
    seconds = LOCAL_POLL_SECONDS if target.name == "local" else AWS_POLL_SECONDS
    return wait_for_execution(target.client("sagemaker"), arn, poll_seconds=seconds, on_poll=on_poll)


def _last_lines(target: Target, execution: ExecutionStatus) -> dict[str, str]:
    running = [step for step in execution.steps if step.status in RUNNING]
    lines = {step.name: log_lines(target.client("logs"), step, last=1) for step in running}
    return {name: found[-1] for name, found in lines.items() if found}
