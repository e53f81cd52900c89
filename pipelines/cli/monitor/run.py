"""`scones monitor run`: an execution now, on the last hours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import EndpointOption, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import ENDPOINT_NAME

if TYPE_CHECKING:
    from model_monitor.execution import Execution

FAILED, VIOLATIONS = 1, 3
POLL_SECONDS = {"local": 0.3, "aws": 15.0}


def run(
    hours: Annotated[int, typer.Option(min=1, max=24, help="How far back it looks.")] = 1,
    quality: Annotated[
        bool, typer.Option("--quality", help="Model quality, against the labels, instead of data quality.")
    ] = False,
    endpoint: EndpointOption = ENDPOINT_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Run what the schedule runs, now, and say what it found.

    Exit codes: 0 no violations, 3 violations, 1 the execution failed or was stopped.
    """
    from dataclasses import asdict

    from model_monitor.execution import WITH_VIOLATIONS
    from model_monitor.names import DATA_QUALITY, MODEL_QUALITY
    from model_monitor.on_demand import Waiting, run_now
    from pipelines.cli.screen import following, print_json

    place = connect(target)
    monitoring_type = MODEL_QUALITY if quality else DATA_QUALITY
    with following("Monitoring", hidden=as_json) as show:
        waiting = Waiting(POLL_SECONDS[place.name], on_status=show)
        found = run_now(place.client("sagemaker"), place.client("s3"), endpoint, monitoring_type, hours, waiting)
    if as_json:
        print_json(asdict(found))
    else:
        _say(found)
    if found.status == WITH_VIOLATIONS:
        raise typer.Exit(VIOLATIONS)
    if found.status != "Completed":
        raise typer.Exit(FAILED)


def _say(found: Execution) -> None:
    if found.status == "Completed":
        print(f"{found.schedule}: no violations. Report: {found.report}")
        return
    if found.report is None:
        reason = " ".join((found.reason or "no reason given").split())
        print(f"scones: {found.schedule} is {found.status}: {reason}", file=sys.stderr)
        return
    print(f"{found.schedule}: {len(found.violations)} violations. Report: {found.report}")
    for violation in found.violations:
        print(f"  {violation.words}")
    if found.problem:
        print(f"scones: the violations cannot be read: {found.problem}", file=sys.stderr)
