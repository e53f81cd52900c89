"""The demo's last part: the endpoint is watched, its traffic changes, and the monitor says so."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipelines.names import ENDPOINT_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from model_monitor.execution import Execution
    from pipelines.session import Target

POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Watched:
    """What the monitor said of ordinary traffic, and of pictures that the model was not made for."""

    baseline: str
    normal: Execution
    drift: Execution
    report: Path


def watch_the_endpoint(
    target: Target, pictures: Sequence[Path], output: Path, label: Callable[[Sequence[Path]], None]
) -> Watched:
    """Schedule the monitor, let it look at what was asked so far, change the traffic, and let it look again.

    `pictures` are PNGs that the changed ones are made of; `label` gets these, once they have been sent. Writes them and
    the report under `output`.
    """
    from pipelines.drifted_pictures import write_drifted_pictures

    baseline = _schedule(target)
    normal = _look(target, "Looking at ordinary traffic")
    drifted = write_drifted_pictures(pictures, output / "drifted_pictures")
    _send(target, drifted)
    label(drifted)
    drift = _look(target, "Looking at dark, blurred and foreign pictures")
    return Watched(baseline, normal, drift, _report(target, output / "monitor" / "report.html"))


def summarise(watched: Watched) -> dict[str, Any]:
    """The monitor's part of the summary."""
    return {
        "baseline": watched.baseline,
        "normal_status": watched.normal.status,
        "drift_status": watched.drift.status,
        "violations": [violation.words for violation in watched.drift.violations],
        "report": str(watched.report),
    }


def in_words(monitor: dict[str, Any]) -> str:
    """One line for the table."""
    names = list(dict.fromkeys(words.partition(":")[0] for words in monitor["violations"]))
    drifted = f"{len(names)} features ({', '.join(names)})" if names else "nothing"
    return f"ordinary traffic {monitor['normal_status']}, changed traffic {monitor['drift_status']}: {drifted}"


def _schedule(target: Target) -> str:
    from model_monitor.ensure import ensure_watched

    print("Scheduling the monitor.", flush=True)
    return ensure_watched(target, ENDPOINT_NAME).statistics


def _look(target: Target, text: str) -> Execution:
    from model_monitor.execution import COMPLETED, WITH_VIOLATIONS
    from model_monitor.names import DATA_QUALITY
    from model_monitor.on_demand import Waiting, run_now
    from pipelines.cli.screen import following

    print(f"{text}.", flush=True)
    with following(text) as show:
        waiting = Waiting(POLL_SECONDS, on_status=show)
        found = run_now(target.client("sagemaker"), target.client("s3"), ENDPOINT_NAME, DATA_QUALITY, 1, waiting)
    if found.status not in (COMPLETED, WITH_VIOLATIONS):
        print(f"scones: {found.schedule} is {found.status}: {found.reason}", file=sys.stderr)
        raise typer.Exit(1)
    return found


def _send(target: Target, pictures: Sequence[Path]) -> None:
    from pipelines.cli.screen import counting_bar
    from pipelines.names import CLASSES
    from pipelines.pictures import classify_all

    with counting_bar("Changing the traffic") as show:
        answers = list(classify_all(target.client("sagemaker-runtime"), ENDPOINT_NAME, pictures, CLASSES, show))
    problems = [answer.problem for answer in answers if answer.problem]
    if problems:
        print(f"scones: {len(problems)} of {len(answers)} pictures were refused; {problems[0]}", file=sys.stderr)
        raise typer.Exit(1)


def _report(target: Target, file: Path) -> Path:
    from datetime import datetime, timedelta, timezone

    from model_monitor.capture import Window
    from model_monitor.report.write import write_report
    from pipelines.cli.screen import following

    now = datetime.now(timezone.utc)
    window = Window(now - timedelta(hours=1), now + timedelta(seconds=1))
    with following("Writing the monitor's report") as show:
        write_report(target, ENDPOINT_NAME, window, file, now, on_records=lambda count: show(f"{count:,} records"))
    return file
