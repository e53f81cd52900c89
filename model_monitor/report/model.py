"""The typed model of the page: all that it says, computed from what was collected. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from model_monitor.capture import Window
from model_monitor.execution import COMPLETED, WITH_VIOLATIONS
from model_monitor.names import DATA_QUALITY, MODEL_QUALITY
from model_monitor.report.collect import Sources
from model_monitor.report.features import FeatureView, feature_views
from model_monitor.report.findings import findings_of
from model_monitor.report.gaps import Gap
from model_monitor.report.observed import PREDICTED_CLASS
from model_monitor.report.quality import Quality
from model_monitor.report.reading import Reading
from model_monitor.report.runs import Run
from model_monitor.report.subject import Subject
from model_monitor.report.timeline import Timeline, timeline_of
from model_monitor.report.verdict import Found, Verdict, verdict_of
from pipelines.names import CLASSES


@dataclass(frozen=True)
class Report:
    """`window` is what was asked for, `written` when, both UTC. `class_baseline` are shares by class."""

    endpoint: str
    window: Window
    written: datetime
    verdict: Verdict
    gaps: tuple[Gap, ...]
    timeline: Timeline | None
    class_baseline: dict[str, float]
    features: tuple[FeatureView, ...]
    data: Found | None
    model: Found | None
    runs: tuple[Run, ...]
    reading: Reading
    quality: Quality | None
    labels: int
    subject: Subject
    capture_uri: str
    threshold: float


def report_of(sources: Sources, written: datetime) -> Report:
    """All the page's figures."""
    reading, subject = sources.reading, sources.subject
    features = feature_views(reading.observed, subject.baseline) if reading.records or subject.baseline else ()
    data, model = (_found(sources.runs, kind, features) for kind in (DATA_QUALITY, MODEL_QUALITY))
    return Report(
        endpoint=subject.endpoint,
        window=sources.window,
        written=written,
        verdict=verdict_of(reading.records, features, data, model, sources.runs),
        gaps=sources.gaps,
        timeline=timeline_of(reading.observed, sources.threshold, CLASSES),
        class_baseline=_class_baseline(subject),
        features=features,
        data=data,
        model=model,
        runs=sources.runs,
        reading=reading,
        quality=sources.quality,
        labels=sources.labels,
        subject=subject,
        capture_uri=sources.capture_uri,
        threshold=sources.threshold,
    )


def _found(runs: tuple[Run, ...], monitoring_type: str, features: tuple[FeatureView, ...]) -> Found | None:
    for run in runs:
        if run.monitoring_type == monitoring_type and run.execution.status in (COMPLETED, WITH_VIOLATIONS):
            return Found(run, findings_of(run.execution.violations, features))
    return None


def _class_baseline(subject: Subject) -> dict[str, float]:
    feature = subject.baseline.features.get(PREDICTED_CLASS) if subject.baseline else None
    total = sum(feature.categories.values()) if feature else 0
    return {name: count / total for name, count in feature.categories.items()} if feature and total else {}
