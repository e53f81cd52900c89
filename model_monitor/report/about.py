"""The sections on model quality, and on what the page is about."""

from __future__ import annotations

from collections.abc import Iterator

from model_monitor.report.model import Report
from model_monitor.report.plain_words import with_code
from model_monitor.report.quality import LESS, Metric, Quality
from processing.report.markup import Markup, definitions, table, tag
from processing.report.words import section

MEANING = {
    "accuracy": "share of the labelled answers that are right",
    "precision": "of those called a motorcycle, the share that is one",
    "recall": "of the motorcycles, the share that is called one",
    "f1": "harmonic mean of precision and recall",
    "auc": "chance that a motorcycle scores above a bicycle",
}
TITLES = {"f1": "F1", "auc": "AUC"}


def quality_section(report: Report) -> Markup:
    waiting = f"{report.labels:,} labels were given for the answers of this time."
    quality = report.quality
    if quality is None:
        told = (
            f"No execution of this time has held answers against labels. {waiting} People give labels in the review "
            "queue (`scones review-queue`); the schedule of model quality waits a day for them."
        )
        return section("quality", "How often it is right", tag("p", with_code(told)))
    told = (
        f"Execution of {quality.scheduled:%d %B %Y, %H:%M} UTC, on {quality.labelled:,} answers with a label. "
        f"{waiting} People label what the model doubted: this is lower than on all traffic."
    )
    return section("quality", "How often it is right", tag("p", told), _metrics(quality))


def about_section(report: Report) -> Markup:
    return section("about", "What this page is about", definitions(_facts(report)))


def _metrics(quality: Quality) -> Markup:
    rows = [
        (
            TITLES.get(one.name, one.name),
            f"{one.value:.3f}" + ("" if one.deviation is None else f" ± {one.deviation:.3f}"),
            _bar(one),
            tag("span", "✗ violated", class_="bad") if one.violated else tag("span", "✓", class_="good"),
            tag("span", MEANING.get(one.name), class_="words"),
        )
        for one in quality.metrics
    ]
    return table(("figure", "value", "bar", "outcome", "is"), rows)


def _bar(one: Metric) -> str:
    if one.bar is None:
        return "—"
    return f"{'at least' if one.operator == LESS else 'at most'} {one.bar:.3f}"


def _facts(report: Report) -> Iterator[tuple[object, object]]:
    subject, window = report.subject, report.window
    live = subject.live
    yield "Endpoint", f"{report.endpoint} ({live.status})" if live else f"{report.endpoint} (not there)"
    yield "Time", f"{window.start:%d %B %Y, %H:%M} to {window.end:%d %B %Y, %H:%M} UTC"
    if live:
        yield "Serves", _code(live.package_arn or "no model package")
    yield "Captured", tag("code", report.capture_uri, f" ({report.reading.files:,} files)")
    if live and live.capture_percent is not None:
        yield "Share captured", f"{live.capture_percent} % of the requests"
    for schedule in subject.schedules:
        yield (
            f"Schedule ({schedule.definition.monitoring_type})",
            f"{schedule.name}, {schedule.status}, {schedule.cron}",
        )
    yield "Baseline of", _code(subject.package_arn)
    yield "Statistics", _code(subject.statistics_uri)
    yield "Constraints", _code(subject.constraints_uri)
    yield "Record preprocessor", _code(subject.preprocessor_uri)
    yield "Threshold", f"{report.threshold:g}, the workflow's"
    yield "Written", f"{report.written:%d %B %Y, %H:%M:%S} UTC"


def _code(text: str | None) -> Markup | str:
    return "none" if text is None else tag("code", text)
