"""Everything that the page is made of, read from AWS once. What is not there is told as a gap, and stops nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model_monitor.capture import CaptureMissing, Window, read_capture
from model_monitor.names import DATA_QUALITY, MODEL_QUALITY, MonitoringType, Places, on_demand_name, schedule_name
from model_monitor.report.gaps import Gap, ReportImpossible
from model_monitor.report.observed import Observed
from model_monitor.report.quality import Quality, count_labels, latest_quality
from model_monitor.report.reading import Reading, read
from model_monitor.report.runs import Run, find_runs
from model_monitor.report.strange import Gallery, limits_of
from model_monitor.report.subject import Subject, find_subject
from pipelines.names import WORKFLOW_STACK_NAME
from pipelines.source_code import PROJECT_ROOT
from pipelines.stacks import find_stack

if TYPE_CHECKING:
    from pipelines.session import Target

# where this project's endpoints capture to, for one that is gone or captures no more
CAPTURE_PREFIX = "scones/data-capture"
WORKFLOW_TEMPLATE = PROJECT_ROOT / "inference_workflow" / "template.yaml"
THRESHOLD = "Threshold"


@dataclass(frozen=True)
class Sources:
    """`threshold` is the confidence below which the workflow asks a human, 0 to 1; `labels` counts ground truth."""

    window: Window
    subject: Subject
    capture_uri: str
    threshold: float
    reading: Reading
    runs: tuple[Run, ...]
    quality: Quality | None
    labels: int
    gaps: tuple[Gap, ...]


def collect(
    target: Target,
    endpoint: str,
    window: Window,
    schedule: str | None = None,
    on_records: Callable[[int], None] = lambda count: None,
) -> Sources:
    """Of one schedule, or of all of the endpoint's. Raises ReportImpossible without endpoint and captured records."""
    sagemaker, s3 = target.client("sagemaker"), target.client("s3")
    subject = find_subject(sagemaker, s3, endpoint, schedule)
    live_uri = subject.live.capture_uri if subject.live else None
    capture_uri = f"{(live_uri or f's3://{target.bucket}/{CAPTURE_PREFIX}').rstrip('/')}/{endpoint}"
    features = subject.baseline.features if subject.baseline else {}
    captured = read_capture(capture_uri, window, s3)
    try:
        reading = read(captured, limits_of(features), on_records)
    except CaptureMissing:
        reading = Reading(Observed.empty(), Gallery(), 0, 0, {}, (), 0, {})
    if subject.live is None and not reading.records:
        raise ReportImpossible(
            f"there is no endpoint {endpoint}, and nothing captured under {capture_uri} in the window: "
            "`scones deploy` makes it; or give --endpoint, --since"
        )
    runs = find_runs(sagemaker, s3, subject.schedules, _report_places(target, subject, schedule), window)
    ground_truth = _ground_truth(target, subject)
    return Sources(
        window=window,
        subject=subject,
        capture_uri=capture_uri,
        threshold=workflow_threshold(target),
        reading=reading,
        runs=runs,
        quality=latest_quality(s3, runs, subject.quality_constraints_uri),
        labels=count_labels(s3, ground_truth, window),
        gaps=(*subject.gaps, *_gaps(subject, reading, runs)),
    )


def workflow_threshold(target: Target) -> float:
    """That of the deployed workflow, else its template's default."""
    stack = find_stack(target.client("cloudformation"), WORKFLOW_STACK_NAME)
    if stack is not None and THRESHOLD in stack.parameters:
        return float(stack.parameters[THRESHOLD])
    return template_default(WORKFLOW_TEMPLATE)


def template_default(template: Path) -> float:
    """Parameters.Threshold.Default of a CloudFormation template."""
    from samtranslator.yaml_helper import yaml_parse

    document = yaml_parse(template.read_text(encoding="utf-8"))
    return float(document["Parameters"][THRESHOLD]["Default"])


def _report_places(target: Target, subject: Subject, schedule: str | None) -> dict[str, MonitoringType]:
    """Folders of reports: of the schedules, or of those that there may have been."""
    names: dict[str, MonitoringType] = {one.name: one.definition.monitoring_type for one in subject.schedules}
    if schedule is None:
        for kind in (DATA_QUALITY, MODEL_QUALITY):
            names |= {name(subject.endpoint, kind): kind for name in (schedule_name, on_demand_name)}
    outputs = {one.name: one.definition.output.rstrip("/") for one in subject.schedules}
    usual = Places(target.bucket).reports
    return {f"{outputs.get(name, usual)}/{subject.endpoint}/{name}": kind for name, kind in names.items()}


def _ground_truth(target: Target, subject: Subject) -> str:
    schedule = subject.of_type(MODEL_QUALITY)
    quality = schedule.definition.quality if schedule else None
    return (quality.ground_truth if quality else Places(target.bucket).ground_truth(subject.endpoint)).rstrip("/")


def _gaps(subject: Subject, reading: Reading, runs: tuple[Run, ...]) -> list[Gap]:
    gaps = []
    if not reading.records:
        gaps.append(
            Gap(
                "Nothing was captured in this time.",
                "Send requests, or look further back with --hours or --since; the endpoint takes a moment to write "
                "what it captured.",
            )
        )
    if subject.schedules and not runs:
        gaps.append(
            Gap(
                "No execution of the schedules has ended yet.",
                "Schedules run on the hour; `scones monitor run` does not wait for it.",
            )
        )
    gaps += [
        Gap(f"Of an execution of {run.execution.schedule}: {run.execution.problem}.", "`scones monitor run` again.")
        for run in runs
        if run.execution.problem
    ]
    return gaps
