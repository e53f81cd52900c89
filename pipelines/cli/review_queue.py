"""`scones review-queue`: the pictures that the model was not sure of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import JsonOption, StackOption, TargetChoice, TargetOption, connect
from pipelines.names import CLASSES, GROUND_TRUTH_PREFIX, WORKFLOW_STACK_NAME

if TYPE_CHECKING:
    from pipelines.session import Target
    from pipelines.workflow.review_queue import Review, ReviewQueue
    from pipelines.workflow.stack import Workflow

review_queue = typer.Typer(
    help="The pictures that the model was not sure of, and a human's answers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
ReviewArgument = Annotated[str, typer.Argument(help="Id of a picture that waits, or its beginning.", metavar="ID")]
SHOWN_ID = 8


@review_queue.command("list")
def list_reviews(
    most: Annotated[int, typer.Option("--most", min=1, help="Show so many.")] = 50,
    stack: StackOption = WORKFLOW_STACK_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """List the pictures that wait, oldest first."""
    from pipelines.cli.screen import console, moment, print_json, table

    _, queue = _queue(connect(target), stack)
    reviews = queue.waiting(most)
    if as_json:
        print_json([_shown(review) for review in reviews])
        return
    if not reviews:
        print("No picture waits.")
        return
    rows = table("Id", "Waits since", "Label", "Confidence>", "Threshold>", "Picture")
    for review in reviews:
        rows.add_row(*_row(review, moment(review.waiting_since)))
    console().print(rows)
    print(f"Answer with: scones review-queue resolve ID {'|'.join(CLASSES)}")


@review_queue.command()
def show(
    review_id: ReviewArgument,
    save: Annotated[Path | None, typer.Option("--save", help="File for the picture.", show_default=False)] = None,
    stack: StackOption = WORKFLOW_STACK_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Show what is known of a picture that waits, and fetch it."""
    from pipelines.cli.screen import console, facts, moment, print_json

    place = connect(target)
    _, queue = _queue(place, stack)
    review = queue.take(review_id)
    queue.give_back(review)
    if save is not None:
        _save(place, review, save)
    if as_json:
        print_json(_shown(review))
        return
    about = facts(review.id)
    for what, which in (
        ("Waits since", moment(review.waiting_since)),
        ("Model says", f"{review.label}, confidence {review.confidence:.3f}; the threshold is {review.threshold:g}"),
        ("Picture", f"s3://{review.s3_bucket}/{review.s3_key}"),
        ("Execution", review.execution),
        ("Looked at", f"{review.looks} times"),
    ):
        about.add_row(what, _escaped(review.problem if review.problem and what == "Model says" else which))
    console().print(about)
    if save is not None:
        print(f"Saved as {save}.")


@review_queue.command()
def resolve(
    review_id: ReviewArgument,
    label: Annotated[str, typer.Argument(help=" or ".join(CLASSES))],
    stack: StackOption = WORKFLOW_STACK_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Answer for a picture: the label is kept as ground truth, and the picture leaves the queue."""
    from datetime import datetime, timezone

    from pipelines.cli.screen import print_json
    from pipelines.identity import caller
    from pipelines.workflow.review_queue import GroundTruth

    place = connect(target)
    workflow, queue = _queue(place, stack)
    truth = GroundTruth(place.client("s3"), place.bucket, f"{GROUND_TRUTH_PREFIX}/{workflow.endpoint}")
    uri = queue.resolve(review_id, label, truth, caller(place.client("sts")), datetime.now(timezone.utc))
    if as_json:
        print_json({"id": review_id, "label": label, "ground_truth": uri})
    else:
        print(f"It is a {label}; kept in {uri}")


@review_queue.command()
def discard(
    review_id: ReviewArgument,
    stack: StackOption = WORKFLOW_STACK_NAME,
    target: TargetOption = TargetChoice.local,
) -> None:
    """Take a picture that is none of the classes out of the queue; nothing is kept."""
    _, queue = _queue(connect(target), stack)
    review = queue.take(review_id)
    queue.remove(review)
    print(f"{review.id} is out of the queue.")


def _queue(place: Target, stack: str) -> tuple[Workflow, ReviewQueue]:
    from pipelines.workflow.review_queue import ReviewQueue
    from pipelines.workflow.stack import find_workflow

    workflow = find_workflow(place, stack)
    return workflow, ReviewQueue(place.client("sqs"), workflow.review_queue_url)


def _save(place: Target, review: Review, path: Path) -> None:
    from pipelines.workflow.review_queue import fetch_picture

    fetch_picture(place.client("s3"), review, path)


def _row(review: Review, since: str) -> tuple[str, ...]:
    if review.problem:
        return review.id, since, "", "", "", _escaped(review.problem)
    picture = _escaped(f"s3://{review.s3_bucket}/{review.s3_key}")
    sure = (f"{review.confidence:.3f}", f"{review.threshold:g}")
    return review.id[:SHOWN_ID], since, _escaped(review.label), *sure, picture


def _shown(review: Review) -> dict[str, object]:
    from dataclasses import asdict

    return {name: value for name, value in asdict(review).items() if name != "receipt"}


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
