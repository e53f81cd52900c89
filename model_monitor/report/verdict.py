"""The page in one sentence: is this the traffic that the model was made for? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model_monitor.execution import COMPLETED, WITH_VIOLATIONS
from model_monitor.names import DATA_QUALITY
from model_monitor.report.features import FeatureView
from model_monitor.report.findings import Finding
from model_monitor.report.plain_words import words_of
from model_monitor.report.runs import Run

Level = Literal["good", "bad", "unknown"]
GOOD: Level = "good"
BAD: Level = "bad"
UNKNOWN: Level = "unknown"


@dataclass(frozen=True)
class Found:
    """The latest execution of a kind that ended with a report, and what it found."""

    run: Run
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Verdict:
    """`told` are sentences."""

    level: Level
    headline: str
    told: tuple[str, ...]


def verdict_of(
    records: int, features: Sequence[FeatureView], data: Found | None, model: Found | None, runs: Sequence[Run]
) -> Verdict:
    """What the latest executions found goes first, then what this page itself finds in its records."""
    own = _own_words(features)
    findings = [*(data.findings if data else ()), *(model.findings if model else ())]
    drifted = any(view.drifted for view in features)
    unfinished = _unfinished(runs)
    if findings:
        names = ", ".join(dict.fromkeys(one.title for one in findings))
        told = f"The latest execution{_when(data or model)} noticed: {names}."
        return Verdict(BAD, "The traffic is not what the model was made for", (told, *unfinished, *own))
    if drifted:
        told = f"The latest execution{_when(data)} found nothing." if data else "No execution has judged it yet."
        return Verdict(BAD, "The traffic has drifted from the baseline", (told, *unfinished, *own))
    if unfinished:
        return Verdict(UNKNOWN, "The latest execution has no result", (*unfinished, *own))
    if data is None or not records:
        return Verdict(UNKNOWN, "Nothing to judge" if not records else "No execution has judged this yet", own)
    return Verdict(GOOD, "Nothing unusual", (f"The latest execution{_when(data)} found no violations.", *own))


def _when(found: Found | None) -> str:
    return f" of {found.run.execution.scheduled:%d %B, %H:%M} UTC" if found else ""


def _unfinished(runs: Sequence[Run]) -> tuple[str, ...]:
    """Of data quality alone: without labels in time, model quality has nothing to judge."""
    latest = next((run.execution for run in runs if run.monitoring_type == DATA_QUALITY), None)
    if latest is None or latest.status in (COMPLETED, WITH_VIOLATIONS):
        return ()
    reason = f": {' '.join(latest.reason.split())}" if latest.reason else ""
    return (f"The latest execution of {latest.schedule} is {latest.status}{reason}.",)


def _own_words(features: Sequence[FeatureView]) -> tuple[str, ...]:
    drifted = [words_of(view.name).title for view in features if view.drifted]
    if drifted:
        are = "features are" if len(drifted) > 1 else "feature is"
        return (f"On this page {len(drifted)} {are} further from the baseline than allowed: {', '.join(drifted)}.",)
    compared = any(view.distance is not None for view in features)
    return ("On this page every feature is as near to the baseline as it should be.",) if compared else ()
