"""`scones classify`: pictures through the inference workflow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import JsonOption, StackOption, TargetChoice, TargetOption, connect
from pipelines.names import WORKFLOW_STACK_NAME

if TYPE_CHECKING:
    from pipelines.session import Target
    from pipelines.workflow.bulk import BulkOutcome
    from pipelines.workflow.classification import Outcome, Picture
    from pipelines.workflow.stack import Workflow

FAILED = 1
NOT_SURE = 3


def classify(
    pictures: Annotated[
        list[str],
        typer.Argument(help="Files, folders, s3://bucket/key or s3://bucket/prefix/.", show_default=False),
    ],
    threshold: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Confidence from which a label counts, instead of the workflow's own."),
    ] = None,
    bulk: Annotated[bool, typer.Option("--bulk", help="One execution for all of them, and counts.")] = False,
    stack: StackOption = WORKFLOW_STACK_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Put pictures through the workflow, wait, and show who gets which orders, or why not.

    Exit codes: 0 all are assigned, 3 the model was not sure of some, 1 others failed.
    """
    from pipelines.workflow.classification import find
    from pipelines.workflow.stack import find_workflow

    place = connect(target)
    workflow = find_workflow(place, stack)
    found = find(place.client("s3"), pictures)
    run = _in_bulk if bulk else _one_by_one
    raise typer.Exit(run(place, workflow, found, threshold, as_json))


def _one_by_one(
    place: Target, workflow: Workflow, pictures: list[Picture], threshold: float | None, as_json: bool
) -> int:
    from dataclasses import asdict

    from pipelines.cli.screen import counting_bar, print_json
    from pipelines.workflow.classification import classify_all

    with counting_bar("Classifying", hidden=as_json) as show:
        outcomes = list(classify_all(place.client, workflow, pictures, threshold, show))
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        _show(outcomes)
    if any(outcome.status != "SUCCEEDED" and not outcome.low_confidence for outcome in outcomes):
        return FAILED
    return NOT_SURE if any(outcome.low_confidence for outcome in outcomes) else 0


def _in_bulk(place: Target, workflow: Workflow, pictures: list[Picture], threshold: float | None, as_json: bool) -> int:
    from dataclasses import asdict

    from pipelines.cli.screen import counting_bar, following, print_json
    from pipelines.workflow.bulk import classify_prefix, stage_all

    with counting_bar("Uploading", hidden=as_json) as show:
        prefix = stage_all(place.client, workflow, pictures, show)
    with following(f"Classifying {len(pictures)} pictures", hidden=as_json):
        outcome = classify_prefix(place.client("stepfunctions"), workflow, prefix, threshold)
    if as_json:
        print_json(asdict(outcome))
    else:
        _show_bulk(outcome)
    if outcome.error or outcome.failed or outcome.not_run:
        return FAILED
    return NOT_SURE if outcome.review else 0


def _show(outcomes: list[Outcome]) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, table

    rows = table("Picture", "Label", "Confidence>", "Orders", "Why not")
    for outcome in outcomes:
        sure = "" if outcome.confidence is None else f"{outcome.confidence:.3f}"
        told = f"{outcome.error}: {outcome.cause}" if outcome.error else ""
        rows.add_row(escape(outcome.picture), outcome.label or "", sure, outcome.assignment or "", escape(told))
    console().print(rows)
    doubts = sum(outcome.low_confidence for outcome in outcomes)
    if doubts:
        print(f"{doubts} of {len(outcomes)} wait for a human: scones review-queue list")


def _show_bulk(outcome: BulkOutcome) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, duration, facts, styled

    about = facts("Bulk classification")
    about.add_row("Execution", f"{styled(outcome.status)} in {duration(outcome.seconds)}")
    if outcome.error:
        about.add_row("Error", escape(f"{outcome.error}: {outcome.cause or 'no cause given'}"))
    else:
        about.add_row("Pictures", str(outcome.images))
        about.add_row("Nearby orders", str(outcome.nearby))
        about.add_row("Farther orders", str(outcome.farther))
        about.add_row("For a human", str(outcome.review))
        for error, count in (outcome.failed or {}).items():
            about.add_row(f"Failed, {escape(error)}", str(count))
        for title, count in (("Skipped", outcome.skipped), ("Not run", outcome.not_run)):
            if count:
                about.add_row(title, str(count))
        about.add_row("Summary", str(outcome.summary))
    console().print(about)
    if outcome.error:
        print(f"scones: the bulk execution failed: {outcome.execution_arn}", file=sys.stderr)
