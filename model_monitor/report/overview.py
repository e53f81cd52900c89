"""What is read first: the verdict, a few figures, what is missing, the violations and the executions."""

from __future__ import annotations

from model_monitor.names import DATA_QUALITY
from model_monitor.report.findings import Finding
from model_monitor.report.model import Report
from model_monitor.report.plain_words import shortened, with_code
from model_monitor.report.runs import Run
from model_monitor.report.verdict import BAD, GOOD, Found
from processing.report.markup import Markup, join, table, tag
from processing.report.words import percent, section

THEN = (
    "look at the strangest pictures below. If they are vehicles that couriers really have, answer them in the review "
    "queue and retrain; if not, find out who sends them."
)
SIGNS = {GOOD: "✓ ", BAD: "✗ "}
# of the common style
BOXES = {GOOD: "passed", BAD: "failed"}
SHOWN_RUNS = 36
LONGEST_REASON = 160
ENDED_BADLY = frozenset({"CompletedWithViolations", "Failed", "Stopped"})


def summary_section(report: Report) -> Markup:
    verdict = report.verdict
    box = tag(
        "div",
        tag("strong", SIGNS.get(verdict.level, "") + verdict.headline),
        *(tag("p", sentence) for sentence in verdict.told),
        class_=f"verdict {BOXES.get(verdict.level, verdict.level)}",
    )
    return section("summary", "In short", box, _gaps(report), _tiles(report))


def findings_section(report: Report) -> Markup:
    found = [each for each in (report.data, report.model) if each is not None]
    parts = [_found(each) for each in found] or [tag("p", "No execution has ended with a report yet.")]
    return section("findings", "What the monitor found", *parts, _runs(report.runs))


def _tiles(report: Report) -> Markup:
    reading, timeline = report.reading, report.timeline
    damaged = sum(reading.damaged.values())
    unreadable = percent(reading.unreadable / reading.records) if reading.records else "—"
    tiles = [
        (f"{reading.records:,}", "records in this time"),
        (percent(timeline.share_below) if timeline else "—", f"of the answers below {report.threshold:g}"),
        (unreadable, "of the records not readable"),
        (f"{damaged:,}", "damaged lines of capture files"),
    ]
    return tag(
        "ul", *(tag("li", tag("strong", figure), tag("small", words)) for figure, words in tiles), class_="tiles"
    )


def _gaps(report: Report) -> Markup | None:
    if not report.gaps:
        return None
    items = (tag("li", tag("strong", gap.missing), " ", with_code(gap.remedy)) for gap in report.gaps)
    return tag("div", tag("p", "What is missing for a whole report:"), tag("ul", *items), class_="gaps")


def _found(found: Found) -> Markup:
    execution = found.run.execution
    counted = f" of {found.run.records:,} records" if found.run.records is not None else ""
    told = f"{execution.schedule}, execution of {execution.scheduled:%d %B %Y, %H:%M} UTC{counted}: "
    if not found.findings:
        return tag("p", told, tag("span", "✓ no violations", class_="good") if execution.problem is None else "—")
    return join(
        tag("p", told, tag("span", f"✗ {_counted(len(found.findings))}", class_="bad")),
        tag("ul", *(_finding(finding) for finding in found.findings), class_="findings"),
        tag("p", tag("strong", "Then: "), THEN) if found.run.monitoring_type == DATA_QUALITY else None,
    )


def _counted(violations: int) -> str:
    return "1 violation" if violations == 1 else f"{violations} violations"


def _finding(finding: Finding) -> Markup:
    return tag(
        "li",
        tag("h3", finding.title, tag("span", _measured(finding))),
        tag("p", finding.said),
        tag("p", tag("strong", "What to do: "), with_code(finding.advice)),
        tag("p", f"The service says: {finding.original}", class_="soft original") if finding.original else None,
    )


def _measured(finding: Finding) -> str | None:
    if finding.figure is None or finding.bar is None:
        return None
    if finding.measure == "share":
        return f"{percent(finding.figure)}, at least {percent(finding.bar)} expected"
    name = "distance" if finding.measure == "distance" else finding.name
    return f"{name} {finding.figure:.3g}, bar {finding.bar:.3g}"


def _runs(runs: tuple[Run, ...]) -> Markup | None:
    if not runs:
        return None
    head = ("scheduled (UTC)", "status", "violations", "records", "schedule", "reason")
    shown = tag("div", table(head, [_run_row(run) for run in runs[:SHOWN_RUNS]]), class_="runs")
    left_out = len(runs) - SHOWN_RUNS
    more = tag("p", f"{left_out} earlier ones are not shown.", class_="soft") if left_out > 0 else None
    return join(tag("h3", f"Executions: {len(runs)}"), shown, more)


def _run_row(run: Run) -> tuple[object, ...]:
    execution = run.execution
    bad = execution.status in ENDED_BADLY
    status = tag("span", execution.status, class_="bad" if bad else "good" if execution.status == "Completed" else None)
    told = " ".join((execution.reason or execution.problem or "").split())
    if not run.recorded:
        told = f"from its report in S3. {told}".strip()
    return (
        f"{execution.scheduled:%Y-%m-%d %H:%M}",
        status,
        len(execution.violations) if execution.report and not execution.problem else "—",
        "—" if run.records is None else f"{run.records:,}",
        execution.schedule,
        tag("span", shortened(told, LONGEST_REASON), class_="words") if told else None,
    )
