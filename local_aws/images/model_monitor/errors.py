"""How an analysis ends that cannot be done."""

from __future__ import annotations


class AnalysisFailed(Exception):
    """The job fails; the message is one line for people: what is wrong, where, and what to do."""
