"""ISO 8601 durations as cache expiries write them."""

from __future__ import annotations

import re
from datetime import timedelta

# The SDK's own examples leave out the P before a time and write lower case: T12H, p30d.
FORM = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
DAYS = {"years": 365, "months": 30, "weeks": 7, "days": 1}


class BadDuration(ValueError):
    """The text is not an ISO 8601 duration."""


def parse_duration(text: str) -> timedelta:
    """`P4DT12H`, `PT30M`, `p30d`, `T12H`. A year is 365 days, a month 30. Raises BadDuration."""
    found = FORM.fullmatch(text)
    parts = {name: float(value) for name, value in found.groupdict().items() if value} if found else {}
    if not parts:
        raise BadDuration(f"{text!r} is not an ISO 8601 duration (such as P30D, PT12H or P4DT12H)")
    days = sum(number * DAYS[name] for name, number in parts.items() if name in DAYS)
    clock = {name: number for name, number in parts.items() if name not in DAYS}
    return timedelta(days=days, **clock)
