"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One check: what it looked at, whether it is well, what was found, and what to do about it.

    `well` is None for what could not be checked: that is neither a pass nor a failure.
    """

    check: str
    well: bool | None
    found: str
    remedy: str = ""


def judged(check: str, problems: list[str], fine: str, remedy: str) -> Finding:
    """Wrong with all the problems, or well with what was looked at."""
    if problems:
        return Finding(check, False, "; ".join(problems), remedy)
    return Finding(check, True, fine)
