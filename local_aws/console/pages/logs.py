"""CloudWatch Logs: groups, streams, and the lines of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from local_aws.console.paging import Page, page_of
from local_aws.console.view import PageMissing, View, Visit

LINES = 500


@dataclass(frozen=True)
class StreamRow:
    """One log stream with how many lines it has, and when the last of them came."""

    name: str
    lines: int
    last: datetime | None


@dataclass(frozen=True)
class LogLine:
    """One line of a log."""

    moment: datetime
    text: str


def log_groups(visit: Visit) -> View:
    """All log groups by name."""
    groups = dict(visit.sources.logs.groups)
    rows = [(name, len(groups[name].streams)) for name in sorted(groups)]
    return View("log_groups.html", "Logs", {"shown": page_of(rows, visit.request.args)})


def log_streams(visit: Visit) -> View:
    """The streams of a group, those that begin with a prefix, the latest first."""
    group, prefix = visit.request.args.get("group", ""), visit.request.args.get("prefix", "")
    if group not in visit.sources.logs.groups:
        return View("log_streams.html", group or "Logs", {"group": group, "prefix": prefix, "shown": page_of([], {})})
    streams = dict(visit.sources.logs.groups[group].streams)
    rows = [_stream(name, stream.events) for name, stream in streams.items() if name.startswith(prefix)]
    rows.sort(key=lambda row: (row.last is not None, row.last, row.name), reverse=True)
    values = {"group": group, "prefix": prefix, "shown": page_of(rows, visit.request.args)}
    return View("log_streams.html", group, values)


def log_stream(visit: Visit) -> View:
    """The lines of a stream, oldest first; the last page where no other is asked for."""
    group, name = visit.request.args.get("group", ""), visit.request.args.get("stream", "")
    found = visit.sources.logs.groups.get(group)
    if found is None or name not in found.streams:
        raise PageMissing(f"There is no log stream {name} in {group}.")
    events = list(found.streams[name].events)
    asked = dict(visit.request.args)
    asked.setdefault("page", str(max(1, -(-len(events) // LINES))))
    page = page_of(events, asked, LINES)
    lines = [LogLine(_moment(event.timestamp), event.message) for event in page.items]
    shown = Page(lines, page.number, page.total, LINES)
    # a job that writes goes on at the end
    return View("log_stream.html", name, {"group": group, "stream": name, "shown": shown}, live=_is_fresh(visit, lines))


def _stream(name: str, events: Sequence[object]) -> StreamRow:
    last = getattr(events[-1], "timestamp", None) if events else None
    return StreamRow(name, len(events), _moment(last) if last is not None else None)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)


def _is_fresh(visit: Visit, lines: Sequence[LogLine]) -> bool:
    return bool(lines) and (visit.sources.context.now() - lines[-1].moment).total_seconds() < 60
