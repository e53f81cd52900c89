"""The report's files."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.report.page import render
from benchmarks.report.standing import Report, as_record
from pipelines.atomic_text import write_text


def write_report(report: Report, folder: Path) -> Path:
    """Write report.html and report.json into the folder; the page. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "report.json", json.dumps(as_record(report), indent=2) + "\n")
    page = folder / "report.html"
    write_text(page, render(report))
    return page
