"""What is missing for a whole report, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.live_endpoint import EndpointMissing


@dataclass(frozen=True)
class Gap:
    """`missing` says what is not there, `remedy` what the reader can do: whole sentences."""

    missing: str
    remedy: str


class ReportImpossible(EndpointMissing):
    """Neither an endpoint nor captured records: there is nothing to report on."""
