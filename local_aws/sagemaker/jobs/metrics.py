"""Metrics of a training job, picked out of its log by the regular expressions of its MetricDefinitions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any


class MetricScanner:
    """Keeps the last value of each metric."""

    def __init__(self, definitions: list[dict[str, str]], now: Callable[[], datetime]) -> None:
        self._now = now
        self._patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
        self._last: dict[str, tuple[float, datetime]] = {}

    def scan(self, lines: list[str]) -> None:
        """Look for every metric in every line: the first group of its expression, where that is a number."""
        for line in lines:
            for name, pattern in self._patterns:
                match = pattern.search(line)
                if match is None or not match.groups() or match[1] is None:
                    continue
                try:
                    value = float(match[1])
                except ValueError:
                    continue
                if math.isfinite(value):
                    self._last[name] = (value, self._now())

    def final(self) -> list[dict[str, Any]]:
        """FinalMetricDataList: the last value of each metric that was seen, in their defined order."""
        return [
            {"MetricName": name, "Value": self._last[name][0], "Timestamp": self._last[name][1]}
            for name, _ in self._patterns
            if name in self._last
        ]
