"""Tables, durations and JSON, in one style."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

STATUS_STYLES = {
    "Succeeded": "green",
    "Completed": "green",
    "InService": "green",
    "Approved": "green",
    "Failed": "red",
    "Rejected": "red",
    "Stopped": "yellow",
    "Stopping": "yellow",
    "Executing": "cyan",
    "Starting": "cyan",
    "Creating": "cyan",
    "Updating": "cyan",
    "PendingManualApproval": "yellow",
    "SUCCEEDED": "green",
    "CREATE_COMPLETE": "green",
    "UPDATE_COMPLETE": "green",
    "OK": "green",
    "FAILED": "red",
    "TIMED_OUT": "red",
    "ALARM": "red",
    "Missing": "red",
    "ABORTED": "yellow",
    "INSUFFICIENT_DATA": "yellow",
}
# of output that a program or a file gets: nothing is to be folded there
WIDTH_ELSEWHERE = 200


def console() -> Console:
    """The screen; its width is that of the terminal, and a generous one where output goes elsewhere."""
    import sys

    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_ELSEWHERE)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table with these headings; a heading that ends in `>` is for figures, set to the right."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", overflow="fold")
    return made


def facts(title: str) -> Table:
    """An empty table of two columns, what and which, under a title; a long text is folded, never cut."""
    from rich.table import Table

    made = Table.grid(padding=(0, 2))
    made.title, made.title_justify, made.title_style = title, "left", "bold"
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    return made


@contextmanager
def progress_bar(text: str) -> Iterator[Callable[[int, int], None]]:
    """A function that takes bytes done and bytes in all, and shows them in a terminal once it is called."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    screen = console()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        tasks: list[Any] = []

        def show(done: int, total: int) -> None:
            if not tasks:
                tasks.append(progress.add_task(text))
            progress.update(tasks[0], completed=done, total=total or None)

        yield show


@contextmanager
def counting_bar(text: str, hidden: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A function that takes how many are done and how many there are, and shows them in a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    screen = console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=screen, transient=True, disable=hidden or not screen.is_terminal) as progress:
        task = progress.add_task(text)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def following(text: str, hidden: bool = False) -> Iterator[Callable[[str], None]]:
    """A function that takes the status of what is waited for, and shows it with a moving line in a terminal."""
    screen = console()
    if hidden or not screen.is_terminal:
        yield lambda status: None
        return
    with screen.status(text) as shown:
        yield lambda status: shown.update(f"{text}: {status}")


def styled(status: str) -> str:
    """A status word in its colour."""
    style = STATUS_STYLES.get(status)
    return f"[{style}]{status}[/{style}]" if style else status


def duration(seconds: float | None) -> str:
    """Seconds as a person says them: 4.2 s, 1 min 05 s; empty for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def moment(value: datetime | None) -> str:
    """A time on this machine's clock, to the second."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M:%S") if value else ""


def print_json(value: Any) -> None:
    """One JSON document on standard output; datetimes in ISO 8601."""
    print(json.dumps(value, indent=2, default=_iso))


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
