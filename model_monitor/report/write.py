"""The report written to a file: collected, computed, rendered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from model_monitor.capture import Window
from model_monitor.report.collect import collect
from model_monitor.report.model import Report, report_of
from model_monitor.report.page import render
from pipelines.atomic_text import write_text

if TYPE_CHECKING:
    from pipelines.session import Target


def write_report(
    target: Target,
    endpoint: str,
    window: Window,
    output: Path,
    written: datetime,
    *,
    schedule: str | None = None,
    on_records: Callable[[int], None] = lambda count: None,
) -> Report:
    """Write the page to `output`, whole or not at all, and return what is in it; `written` is now, in UTC.

    Of one schedule, or of all of the endpoint's. `on_records` is told now and then how many records were read.
    Raises ReportImpossible without an endpoint and captured records.
    """
    report = report_of(collect(target, endpoint, window, schedule, on_records), written)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_text(output, render(report))
    return report
