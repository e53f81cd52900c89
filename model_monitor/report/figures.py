"""The page's figures for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from model_monitor.report.model import Report
from model_monitor.report.runs import Run
from model_monitor.report.verdict import Found


def figures_of(report: Report) -> dict[str, Any]:
    """A document for JSON: what the page says, without pictures and points; shares are 0 to 1."""
    reading, timeline = report.reading, report.timeline
    return {
        "endpoint": report.endpoint,
        "start": report.window.start,
        "end": report.window.end,
        "written": report.written,
        "verdict": asdict(report.verdict),
        "missing": [asdict(gap) for gap in report.gaps],
        "threshold": report.threshold,
        "records": reading.records,
        "files": reading.files,
        "below_threshold": timeline.below if timeline else 0,
        "share_below_threshold": timeline.share_below if timeline else None,
        "classes": [asdict(one) for one in timeline.classes] if timeline else [],
        "class_baseline": report.class_baseline,
        "unreadable": {"records": reading.unreadable, "kinds": dict(reading.unreadable_kinds)},
        "damaged_lines": dict(reading.damaged),
        "features": [{**asdict(view), "drifted": view.drifted} for view in report.features],
        "data_quality": _found(report.data),
        "model_quality": _found(report.model),
        "quality": asdict(report.quality) if report.quality else None,
        "labels": report.labels,
        "executions": [_run(run) for run in report.runs],
        "package": report.subject.package_arn,
        "statistics": report.subject.statistics_uri,
        "constraints": report.subject.constraints_uri,
        "preprocessor": report.subject.preprocessor_uri,
    }


def _found(found: Found | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"execution": _run(found.run), "findings": [asdict(finding) for finding in found.findings]}


def _run(run: Run) -> dict[str, Any]:
    return {**asdict(run.execution), "records": run.records}
