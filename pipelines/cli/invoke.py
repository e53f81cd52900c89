"""`scones invoke`: asks the endpoint what pictures show."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import EndpointOption, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import ENDPOINT_NAME

if TYPE_CHECKING:
    from pipelines.pictures import Answer


def invoke(
    images: Annotated[list[Path], typer.Argument(help="PNG or JPEG files, or folders of them.", show_default=False)],
    endpoint: EndpointOption = ENDPOINT_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Send pictures to the endpoint and print what it takes them for. Exit code 1 if one of them was refused."""
    from pipelines.cli.screen import counting_bar
    from pipelines.live_endpoint import describe_endpoint
    from pipelines.pictures import classify_all, find_pictures
    from pipelines.registry import classes_of

    files = find_pictures(images)
    place = connect(target)
    sagemaker = place.client("sagemaker")
    classes = classes_of(sagemaker, describe_endpoint(sagemaker, endpoint).package_arn)
    with counting_bar("Asking the endpoint", hidden=as_json) as show:
        answers = list(classify_all(place.client("sagemaker-runtime"), endpoint, files, classes, show))
    if as_json:
        _print_json(answers)
    else:
        _show(answers)
    if any(answer.problem for answer in answers):
        raise typer.Exit(1)


def _print_json(answers: list[Answer]) -> None:
    from dataclasses import asdict

    from pipelines.cli.screen import print_json

    print_json([asdict(answer) for answer in answers])


def _show(answers: list[Answer]) -> None:
    from rich.markup import escape

    from pipelines.cli.screen import console, table

    rows = table("Picture", "Label", "Confidence>")
    for answer in answers:
        if answer.problem is None:
            rows.add_row(escape(str(answer.path)), answer.label, f"{answer.confidence:.3f}")
    if rows.row_count:
        console().print(rows)
    for answer in answers:
        if answer.problem is not None:
            print(f"scones: {answer.path}: {answer.problem}", file=sys.stderr)
