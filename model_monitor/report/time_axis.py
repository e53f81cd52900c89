"""Marks of a time axis, in UTC."""

from __future__ import annotations

import math
from datetime import datetime, timezone

from model_monitor.report.timeline import DAY, HOUR, MINUTE

STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14, 30, 90, 365)),
)


def moment(seconds: float) -> datetime:
    """Seconds since 1970, in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def time_marks(start: float, end: float, most: int) -> dict[float, str]:
    """Whole seconds, minutes, hours or days between the two, at most `most` of them, with their words."""
    span = end - start
    step = next((each for each in STEPS if span / each <= most), STEPS[-1])
    form = "%d %b" if step >= DAY else "%H:%M" if step >= MINUTE else "%H:%M:%S"
    marks = (n * step for n in range(math.ceil(start / step), math.floor(end / step) + 1))
    # midnight is when a day begins
    return {mark: f"{moment(mark):{'%d %b' if mark % DAY == 0 else form}}" for mark in marks}


def day_words(start: float, end: float) -> str:
    """`21 November 2026`, or the first day and the last."""
    first, last = f"{moment(start):%d %B %Y}", f"{moment(end):%d %B %Y}"
    return first if first == last else f"{first} to {last}"
