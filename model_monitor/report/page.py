"""The page, rendered from its model."""

from __future__ import annotations

from model_monitor.report.about import about_section, quality_section
from model_monitor.report.model import Report
from model_monitor.report.overview import findings_section, summary_section
from model_monitor.report.strange_pictures import strangest_section, unreadable_section
from model_monitor.report.style import STYLE
from model_monitor.report.traffic import confidence_section, features_section, mix_section
from processing.report.document import document

SECTIONS = {
    "summary": ("In short", summary_section),
    "confidence": ("Confidence", confidence_section),
    "findings": ("Findings", findings_section),
    "mix": ("Traffic", mix_section),
    "features": ("Features", features_section),
    "strangest": ("Strangest", strangest_section),
    "unreadable": ("Unreadable", unreadable_section),
    "quality": ("Quality", quality_section),
    "about": ("About", about_section),
}


def render(report: Report) -> str:
    """One self-contained HTML page."""
    window = report.window
    version = report.subject.live.package_arn if report.subject.live else None
    serves = f", which serves version {version.rsplit('/', 1)[-1]}" if version else ""
    subtitle = (
        f"Endpoint {report.endpoint}{serves}, from {window.start:%d %B %Y, %H:%M} to {window.end:%d %B %Y, %H:%M} UTC."
    )
    return document(
        "What the monitor saw",
        subtitle,
        {name: words for name, (words, _) in SECTIONS.items()},
        *(make(report) for _, make in SECTIONS.values()),
        style=STYLE,
    )
