"""The Distributed Map's results, counted. A pure function of the records that it wrote.

Format of manifest and result files: "ResultWriter" in the Step Functions guide.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

STATUSES = ("SUCCEEDED", "FAILED", "PENDING")


class ResultsNotUnderstood(ValueError):
    """The manifest or a result file is not what Step Functions writes."""


@dataclass
class Counts:
    """What became of the images: how many got each assignment, failed under each error name, or were not run."""

    assignments: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    not_run: int = 0

    def add(self, status: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Count the records of one result file. Raises ResultsNotUnderstood."""
        for record in records:
            if status == "SUCCEEDED":
                self.assignments[_assignment(record)] += 1
            elif status == "FAILED":
                self.failures[str(record.get("Error") or record.get("Status") or "Unknown")] += 1
            else:
                self.not_run += 1

    @property
    def total(self) -> int:
        """All images."""
        return self.assignments.total() + self.failures.total() + self.not_run


def result_files(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Status and key of every result file. Raises ResultsNotUnderstood."""
    try:
        files = manifest["ResultFiles"]
        return [(status, entry["Key"]) for status in STATUSES for entry in files.get(status, [])]
    except (AttributeError, LookupError, TypeError) as error:
        raise ResultsNotUnderstood(f"the manifest has no ResultFiles by status: {error!r}") from None


def _assignment(record: Mapping[str, Any]) -> str:
    try:
        return str(json.loads(record["Output"])["assignment"])
    except (LookupError, TypeError, ValueError) as error:
        raise ResultsNotUnderstood(f"a result without an assignment in its Output: {error!r}") from None
