"""How values read on a page: times, durations, sizes, JSON; and what a status means."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

# a status as a tone, which the style sheet gives a colour; a word stands beside it always
TONES = {
    "good": ("Succeeded", "Completed", "InService", "Approved", "SUCCEEDED", "OK", "ENABLED", "ACTIVE", "Scheduled"),
    "bad": (
        "Failed",
        "Rejected",
        "FAILED",
        "TIMED_OUT",
        "ALARM",
        "UpdateRollbackFailed",
        "OutOfService",
        "FAULT",
        "ERROR",
    ),
    "busy": (
        "Executing",
        "Starting",
        "InProgress",
        "RUNNING",
        "Creating",
        "Updating",
        "SystemUpdating",
        "RollingBack",
        "IN_PROGRESS",
    ),
    "warn": (
        *("PendingManualApproval", "Stopping", "Stopped", "ABORTED", "Deleting", "Caught error", "Pending"),
        *("CompletedWithViolations", "CompletedWithFailures", "INSUFFICIENT_DATA", "STOPPED", "SKIPPED"),
    ),
}
TONE_OF = {status: tone for tone, statuses in TONES.items() for status in statuses}
MARKS = {"good": "✓", "bad": "✗", "busy": "↻", "warn": "!", "idle": "·"}
# what a terminal would do with a log line is not done in a page
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
# with the signs that turn the direction of writing, by which a name can look like another
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LONGEST_SHOWN = 20_000


def tone(status: str | None) -> str:
    """good, bad, busy, warn, or idle for what is none of these."""
    return TONE_OF.get(status or "", "idle")


def mark(status: str | None) -> str:
    """A sign for a status, for those who do not see its colour."""
    return MARKS[tone(status)]


def words(status: str | None) -> str:
    """A status as people say it: "PendingManualApproval" is "Pending manual approval"."""
    if not status:
        return "unknown"
    if status.isupper():
        return status.replace("_", " ").capitalize()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", status)
    return spaced[0].upper() + spaced[1:].lower()


def moment(value: datetime | None) -> str:
    """A time on this machine's clock, to the second; empty for None."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M:%S") if value else ""


def moment_in(text: str) -> str:
    """The time that a text gives in ISO 8601, as `moment`; a text that gives none as it is."""
    try:
        return moment(datetime.fromisoformat(text.replace("Z", "+00:00")))
    except ValueError:
        return text


def iso(value: datetime) -> str:
    """A time for machines."""
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: float | None) -> str:
    """Seconds as people say them: 85 ms, 4.2 s, 1 min 05 s, 2 h 03 min; empty for None."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"


def between(start: datetime, end: datetime | None, now: datetime) -> str:
    """How long something took, or takes so far."""
    return duration(((end or now) - start).total_seconds())


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def number(value: Any) -> str:
    """A measured value, with as many places as say something."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def pretty(value: Any) -> str:
    """JSON, parsed or as text, over several lines; other text as it is. A long one is cut, and says so."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return printable(_cut(value))
    return printable(_cut(json.dumps(value, indent=2, ensure_ascii=False, default=str)))


def printable(text: str) -> str:
    """Text without what a terminal takes for commands."""
    lines = ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", lines)


def last_part(arn: str | None) -> str:
    """What stands behind the last slash or colon of an ARN."""
    return re.split(r"[/:]", arn)[-1] if arn else ""


def _cut(text: str) -> str:
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[:LONGEST_SHOWN]}\n… {len(text) - LONGEST_SHOWN:,} more characters are not shown"
