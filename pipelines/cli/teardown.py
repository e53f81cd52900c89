"""`scones teardown`: removes what the project made, after showing what will go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import JsonOption, TargetChoice, TargetOption, connect

if TYPE_CHECKING:
    from pipelines.session import Target
    from pipelines.teardown.item import Item, Removal

WRONG_USAGE = 2


def teardown(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    keep_data: Annotated[
        bool, typer.Option("--keep-data", help="Leave everything in S3: archives, models, captured data, ground truth.")
    ] = False,
    buckets: Annotated[
        bool, typer.Option("--buckets", help="Delete the bucket of the workflow's pictures too, with all of them.")
    ] = False,
    project: Annotated[
        str | None,
        typer.Option("--project", help="Instead, the SageMaker project of this name, with its bucket.", metavar="NAME"),
    ] = None,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Remove what this project made: stacks, endpoint, schedules, models, pipelines, registry, logs, objects.

    Shows the list and asks first. Goes on where something cannot be removed, and says what is left; exit code 1 then.
    Run again, it takes what is left. What the project did not make is not touched, such as the artifact bucket; that of
    a SageMaker project is its own.
    """
    from pipelines.cli.screen import following, print_json
    from pipelines.teardown.item import remove_all

    if keep_data and buckets:
        raise typer.BadParameter("--keep-data keeps the pictures too: leave out --buckets")
    place = connect(target)
    items = _items(place, project, data=not keep_data, buckets=buckets)
    if items and not yes:
        _ask(items, target)
    done = []
    with following("Removing", hidden=as_json) as watch:
        for removal in remove_all(_told(items, watch)):
            done.append(removal)
            if not as_json:
                _say(removal)
    left = [removal for removal in done if removal.problem]
    if as_json:
        print_json(
            {
                "removed": [{"kind": one.kind, "name": one.name} for one in done if not one.problem],
                "left": [{"kind": one.kind, "name": one.name, "problem": one.problem} for one in left],
            }
        )
    else:
        print(_summary(len(done), len(left)))
    if left:
        raise typer.Exit(1)


def _items(place: Target, project: str | None, *, data: bool, buckets: bool) -> list[Item]:
    from pipelines.teardown.plan import Choice, find_all
    from pipelines.teardown.project import find_all_of, find_project

    if project is None:
        return find_all(place, Choice(data=data, buckets=buckets))
    return find_all_of(place, find_project(place, project), data=data, buckets=buckets)


def _ask(items: list[Item], target: TargetChoice) -> None:
    """Shows what will go; ends the command where nobody agrees."""
    from rich.markup import escape

    from pipelines.cli.screen import console, table

    rows = table("What", "Name", "", title=f"This will go from {target.value}, in this order")
    for item in items:
        rows.add_row(item.kind, escape(item.name), escape(item.note))
    console().print(rows)
    if not sys.stdin.isatty():
        print("scones: nobody to ask: say --yes to remove all this", file=sys.stderr)
        raise typer.Exit(WRONG_USAGE)
    typer.confirm(f"Remove these {len(items)}? There is no way back.", abort=True)


def _told(items: list[Item], watch: Callable[[str], None]) -> Iterator[Item]:
    for item in items:
        watch(f"{item.kind} {item.name}")
        yield item


def _say(removal: Removal) -> None:
    if removal.problem:
        print(f"left: {removal.kind} {removal.name}: {removal.problem}", file=sys.stderr, flush=True)
    else:
        print(f"gone: {removal.kind} {removal.name}", flush=True)


def _summary(tried: int, left: int) -> str:
    if not tried:
        return "There is nothing of this project."
    if left:
        return f"{tried - left} gone, {left} left: correct what stands above and run it again."
    return f"All {tried} are gone."
