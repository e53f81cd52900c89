"""`scones monitor report`: what the monitor saw, as one page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import EndpointOption, JsonOption, TargetChoice, TargetOption, connect
from pipelines.names import ENDPOINT_NAME

if TYPE_CHECKING:
    from model_monitor.capture import Window


def report(
    hours: Annotated[int | None, typer.Option(min=1, max=8760, help="How far back it looks (default 24).")] = None,
    since: Annotated[
        str | None, typer.Option(help="Instead of --hours: the first moment, 2026-11-21T09:00; UTC if it has no zone.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="The moment at which it ends (default now).")] = None,
    schedule: Annotated[str | None, typer.Option(help="Name of a schedule; all of the endpoint's if left out.")] = None,
    output: Annotated[Path, typer.Option(help="The page.")] = Path("build/monitor/report.html"),
    browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    endpoint: EndpointOption = ENDPOINT_NAME,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Write one page of what the endpoint was sent, how sure it was, and how that differs from the baseline."""
    from datetime import timezone

    from model_monitor.report.figures import figures_of
    from model_monitor.report.write import write_report
    from pipelines.cli.screen import following, print_json

    now = datetime.now(timezone.utc)
    window = read_window(hours, since, until, now)
    place = connect(target)
    with following("Reading what was captured", hidden=as_json) as show:
        found = write_report(
            place, endpoint, window, output, now, schedule=schedule, on_records=lambda count: show(f"{count:,} records")
        )
    if as_json:
        print_json({**figures_of(found), "report": str(output)})
    else:
        print(f"{found.verdict.headline}. {found.reading.records:,} records. Report: {output}")
        for gap in found.gaps:
            print(f"  {gap.missing} {gap.remedy}")
    if browser:
        _open(output)


def read_window(hours: int | None, since: str | None, until: str | None, now: datetime) -> Window:
    """The window that the options ask for. Raises BadParameter."""
    from datetime import timedelta

    from model_monitor.capture import Window

    if hours is not None and since is not None:
        raise typer.BadParameter("--since says where it begins: leave --hours out")
    # what was captured within this very second is to be there too
    end = _moment("--until", until) if until else now + timedelta(seconds=1)
    start = _moment("--since", since) if since else end - timedelta(hours=hours or 24)
    if start >= end:
        raise typer.BadParameter(f"it would begin at {start:%Y-%m-%dT%H:%M} and end at {end:%Y-%m-%dT%H:%M}")
    return Window(start, end)


def _moment(option: str, text: str) -> datetime:
    from datetime import timezone

    try:
        # Python 3.10 does not read Z
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise typer.BadParameter(f"{option} is {text!r}: a moment as 2026-11-21T09:00 is expected") from None
    return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        print("No browser could be opened.")
